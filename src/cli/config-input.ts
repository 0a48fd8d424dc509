import { readFileSync } from 'node:fs';
import { ClusterError } from '../client/cluster-error.ts';
import type { ClusterConfig } from '../model/config.ts';
import { UserError } from './user-error.ts';

/** Reads and checks a configuration file; `-` is standard input. Throws with every problem in it. */
export async function readConfigFile(
  file: string,
): Promise<{ readonly text: string; readonly config: ClusterConfig }> {
  const name = file === '-' ? 'standard input' : file;
  const text = readText(file, name);
  const { readConfig } = await import('../model/config-file/read-config.ts');
  const read = readConfig(text, name);
  if (read.kind === 'valid') return { text, config: read.config };
  const { problems } = read;
  const message = `${name} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`;
  throw new ClusterError('invalid-config', message, undefined, { problems });
}

function readText(file: string, name: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new UserError('no-input', `${name} cannot be read: ${words}`, undefined, cause);
  }
}
