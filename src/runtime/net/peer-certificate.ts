import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { NodeId } from '../../model/ids.ts';
import { identityOf } from '../pki/node-credentials.ts';
import type { StreamMember, StreamRefusal } from './stream-contract.ts';

/** What a certificate is held against. */
export interface CertificateRules {
  readonly clusterUuid: string;
  readonly self: NodeId;
  readonly members: ReadonlyMap<NodeId, StreamMember>;
  /** Who must be at the other end; undefined where any member may. */
  readonly expected: NodeId | undefined;
}

/** Who is at the other end, or why it is refused. */
export type CertificateVerdict =
  | { readonly kind: 'accepted'; readonly node: NodeId; readonly fingerprint: string }
  | {
      readonly kind: 'refused';
      readonly refusal: StreamRefusal;
      readonly claimed: NodeId | undefined;
    };

/** Judges the other end of a TLS connection whose handshake is done. */
export function judgePeer(socket: TLSSocket, rules: CertificateRules): CertificateVerdict {
  const certificate = socket.getPeerX509Certificate();
  const trouble = socket.authorized ? undefined : errorCode(socket.authorizationError);
  return judgeCertificate(certificate, trouble, rules);
}

/** `trouble`: OpenSSL's code where it did not accept the chain. */
export function judgeCertificate(
  certificate: X509Certificate | undefined,
  trouble: string | undefined,
  rules: CertificateRules,
): CertificateVerdict {
  if (certificate === undefined) return refuse('no-certificate', undefined);
  const identity = identityOf(certificate);
  const claimed = identity?.node;
  if (trouble !== undefined) return refuse(chainRefusal(trouble), claimed);
  if (identity === undefined) return refuse('no-identity', undefined);
  if (identity.clusterUuid !== rules.clusterUuid) return refuse('other-cluster', claimed);
  if (identity.node === rules.self) return refuse('own-identity', claimed);
  const member = rules.members.get(identity.node);
  if (member === undefined) return refuse('not-a-member', claimed);
  const fingerprint = fingerprintOf(certificate);
  if (!counts(fingerprint, member)) return refuse('certificate-replaced', claimed);
  if (rules.expected !== undefined && identity.node !== rules.expected) {
    return refuse('wrong-peer', claimed);
  }
  return { kind: 'accepted', node: identity.node, fingerprint };
}

/** Whether a certificate is (still) one of those that count for a member. */
export function counts(fingerprint: string, member: StreamMember): boolean {
  return member.fingerprints === undefined || member.fingerprints.includes(fingerprint);
}

function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

function refuse(refusal: StreamRefusal, claimed: NodeId | undefined): CertificateVerdict {
  return { kind: 'refused', refusal, claimed };
}

function chainRefusal(code: string): StreamRefusal {
  if (code === 'CERT_HAS_EXPIRED') return 'certificate-expired';
  if (code === 'CERT_NOT_YET_VALID') return 'certificate-not-yet-valid';
  return 'foreign-authority';
}

/** Node gives the code itself or an error that has it, depending on the side. */
function errorCode(error: unknown): string {
  if (typeof error === 'string') return error;
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return code ?? message ?? 'unknown';
}
