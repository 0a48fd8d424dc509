import { createServer, type Server } from 'node:net';
import { AlreadyRunning } from './start-problem.ts';

/**
 * Holds a name that only one process of this machine can hold, until this process ends in whatever way. Rejects with
 * `AlreadyRunning` where another heart has it. Ports do not tell: the addresses of a path that is down are not there.
 */
export function holdAlone(runDirectory: string): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  const server = createServer((socket) => socket.destroy());
  server.unref();
  server.once('error', (error: NodeJS.ErrnoException) => {
    const isHeld = error.code === 'EADDRINUSE';
    reject(isHeld ? new AlreadyRunning('another agent of this node runs already') : error);
  });
  // An abstract name (unix(7)): the kernel forgets it with the process.
  server.listen(`\0holdfast-heart ${runDirectory}`, () => resolve(server));
  return promise;
}
