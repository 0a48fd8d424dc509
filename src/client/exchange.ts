import { ClusterError } from './cluster-error.ts';
import { connectError } from './socket-file.ts';

/** One HTTP request over a unix socket. */
export interface Exchange {
  readonly socket: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

/** Largest answer that is read, in bytes. */
const ANSWER_MAX_BYTES = 64_000_000;

/** Sends a request and gives the body of the answer, whatever its status: errors are JSON as well. */
export function exchange(call: Exchange): Promise<string> {
  // An `import` of this module would load the fetch implementation with it: 40 ms at start-up.
  const http = process.getBuiltinModule('node:http');
  const { socket: socketPath, method, path, body } = call;
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const headers = { ...call.headers, ...length };
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath, method, path, headers, agent: false });
    const timer = setTimeout(() => request.destroy(timeoutError(call)), call.timeoutMs);
    const fail = (cause: unknown): void => {
      clearTimeout(timer);
      reject(cause instanceof ClusterError ? cause : connectError(socketPath, cause));
    };
    request.on('error', fail);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('error', fail);
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_MAX_BYTES) request.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        clearTimeout(timer);
        resolve(Buffer.concat(chunks).toString('utf8'));
      });
    });
    request.end(body);
  });
}

function timeoutError({ timeoutMs, method, path }: Exchange): ClusterError {
  return new ClusterError(
    'timeout',
    `the agent did not answer ${method} ${path.split('?')[0]} within ${timeoutMs / 1000} s`,
    'journalctl -u holdfast',
  );
}
