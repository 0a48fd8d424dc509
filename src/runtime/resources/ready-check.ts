import { connect } from 'node:net';

/** Why nothing accepts connections on a port, or undefined if something does. */
export async function portProblem(
  host: string,
  port: number,
  timeoutMs: number,
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect({ host, port });
  const timer = setTimeout(() => resolve('no answer'), timeoutMs);
  socket.once('connect', () => resolve(undefined));
  socket.once('error', (error) => resolve(error.message));
  const problem = await promise;
  clearTimeout(timer);
  socket.destroy();
  return problem;
}

/**
 * Why a URL does not answer with success, or undefined if it does. Redirects are an answer of their
 * own and are not followed, so that a service cannot send the check elsewhere.
 */
export async function urlProblem(url: string, timeoutMs: number): Promise<string | undefined> {
  const { get } = url.startsWith('https:')
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http');
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const request = get(url, { agent: false }, (response) => {
    response.destroy();
    const code = response.statusCode ?? 0;
    resolve(code >= 200 && code < 400 ? undefined : `HTTP status ${code}`);
  });
  const timer = setTimeout(() => resolve('no answer'), timeoutMs);
  request.on('error', (error) => resolve(error.message));
  const problem = await promise;
  clearTimeout(timer);
  request.destroy();
  return problem;
}
