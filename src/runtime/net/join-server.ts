import type { TLSSocket } from 'node:tls';
import { encodeFrame, FrameReader, parseBody } from './frames.ts';
import { frameType, joinBytesMax, joinMs } from './stream-contract.ts';

/**
 * Serves a newcomer that has no certificate: one request, one reply, then the end. Anything else ends the connection.
 */
export function serveJoin(
  socket: TLSSocket,
  onJoin: (request: unknown, host: string, answer: (reply: unknown) => void) => void,
): void {
  const host = socket.remoteAddress ?? '';
  let asked = false;
  const answer = (reply: unknown): void => {
    if (socket.writable) socket.end(encodeFrame(frameType.joinReply, JSON.stringify(reply)));
  };
  const reader = new FrameReader(joinBytesMax, (type, body) => {
    const request = type === frameType.joinRequest ? parseBody(body) : undefined;
    if (asked || request === undefined) {
      socket.destroy();
      return;
    }
    asked = true;
    onJoin(request, host, answer);
  });
  const timer = setTimeout(() => socket.destroy(), joinMs);
  socket.on('close', () => clearTimeout(timer));
  socket.on('data', (chunk: Buffer) => {
    if (!socket.destroyed && !reader.push(chunk)) socket.destroy();
  });
}
