import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root directory of the project, without a slash at its end. */
export const projectRoot: string = fileURLToPath(new URL('../..', import.meta.url)).replace(
  /\/$/,
  '',
);

/** The Node.js of the project's lock file; this process may have been started with an older one. */
export const nodePath: string = projectNode();

function projectNode(): string {
  const path = join(projectRoot, 'node_modules/.bin/node');
  return existsSync(path) ? realpathSync(path) : process.execPath;
}

/** The path of a file beside this one. */
export function labFile(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
