import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What is read of package.json. */
export interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly oclif: { readonly bin: string; readonly dirname: string };
}

/** Directory of package.json: two above this file in a checkout, one above it in a bundle. */
export const packageRoot: string = findRoot(import.meta.dirname);

let read: PackageFile | undefined;

export function packageFile(): PackageFile {
  read ??= JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as PackageFile;
  return read;
}

function findRoot(from: string): string {
  for (let at = from; ; at = dirname(at)) {
    try {
      readFileSync(join(at, 'package.json'));
      return at;
    } catch (error) {
      if (at === dirname(at)) throw error;
    }
  }
}
