import type { X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import type { JoinAddress } from '../pki/join-token.ts';
import { encodeFrame, FrameReader, parseBody } from './frames.ts';
import { frameType, joinBytesMax, joinMs, joinProtocol } from './stream-contract.ts';

export type JoinProblem =
  | 'unreachable'
  /** What answers there is not a member of the cluster that the token is for. */
  | 'wrong-authority'
  /** It ended or said something else before it replied. */
  | 'no-reply';

/** A member could not be asked. */
export class JoinError extends Error {
  override readonly name = 'JoinError';
  readonly kind: JoinProblem;

  constructor(kind: JoinProblem, message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Asks one member to let this machine join, and resolves with its reply. The member must show a certificate that was
 * signed by the authority with this fingerprint (of the token) before anything is said. Rejects with a `JoinError`.
 */
export function requestJoin(
  address: JoinAddress,
  authority: string,
  request: unknown,
): Promise<unknown> {
  const place = `${address.host} port ${address.port}`;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: address.host,
      port: address.port,
      minVersion: 'TLSv1.3',
      ALPNProtocols: [joinProtocol],
      rejectUnauthorized: false, // The authority is known by its fingerprint only; see below.
      checkServerIdentity: () => undefined,
    });
    let connected = false;
    const fail = (kind: JoinProblem, why: string): void => {
      clearTimeout(timer);
      reject(new JoinError(kind, `${place}: ${why}`));
      socket.destroy();
    };
    const reader = new FrameReader(joinBytesMax, (type, body) => {
      const reply = type === frameType.joinReply ? parseBody(body) : undefined;
      if (reply === undefined) fail('no-reply', 'the answer makes no sense');
      else resolve(reply);
      clearTimeout(timer);
      socket.destroy();
    });
    const timer = setTimeout(() => fail('no-reply', `no answer within ${joinMs / 1000} s`), joinMs);
    socket.on('error', (error: Error) => {
      fail(connected ? 'no-reply' : 'unreachable', error.message);
    });
    socket.on('close', () => fail('no-reply', 'it ended the connection without an answer'));
    socket.on('data', (chunk: Buffer) => {
      if (!reader.push(chunk)) fail('no-reply', 'the answer is too long');
    });
    socket.on('secureConnect', () => {
      connected = true;
      if (signedBy(socket, authority)) {
        socket.write(encodeFrame(frameType.joinRequest, JSON.stringify(request)));
      } else {
        fail('wrong-authority', 'this is no member of the cluster that the token is for');
      }
    });
  });
}

/** Whether the member's certificate was signed by the authority that it shows and that the token names. */
function signedBy(socket: TLSSocket, authority: string): boolean {
  const certificate = socket.getPeerX509Certificate();
  const issuer: X509Certificate | undefined = certificate?.issuerCertificate;
  if (certificate === undefined || issuer === undefined) return false;
  const shown = issuer.fingerprint256.replaceAll(':', '').toLowerCase();
  return shown === authority && certificate.verify(issuer.publicKey);
}
