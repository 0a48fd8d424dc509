import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HeartMemory } from '../core/membership/heart-machine.ts';
import { writeAtomically } from '../runtime/pki/secure-files.ts';

/**
 * What a heart leaves to the next one on the same boot, in the run directory (memory, no disk). The boot is named, for
 * instants of another boot mean nothing.
 */
export class HeartMemoryFile {
  readonly #path: string;
  readonly #boot: string;

  constructor(runDirectory: string) {
    this.#path = join(runDirectory, 'heart.json');
    this.#boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  }

  load(): HeartMemory | undefined {
    try {
      const stored = JSON.parse(readFileSync(this.#path, 'utf8')) as {
        readonly boot: string;
        readonly memory: HeartMemory;
      };
      return stored.boot === this.#boot ? stored.memory : undefined;
    } catch {
      return undefined; // None, or torn by a crash amid the rename: as if nothing had run.
    }
  }

  store(memory: HeartMemory): void {
    const text = JSON.stringify({ boot: this.#boot, memory });
    writeFileSync(`${this.#path}.new`, text, { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

/**
 * The number of this run of the heart (R1): greater than every one before, whatever happened. It is also a part of the
 * nonce of datagrams. The wall clock helps only where the counter was lost.
 */
export function nextRun(stateDirectory: string): number {
  const path = join(stateDirectory, 'heart-run');
  const run = Math.max(readCounter(path) + 1, Math.floor(Date.now() / 1000) - epochSeconds);
  writeAtomically(path, `${run}\n`, 0o600);
  return run;
}

/** 2026-01-01: leaves room in 32 bits for long. */
const epochSeconds = 1_767_225_600;

function readCounter(path: string): number {
  try {
    const run = Number(readFileSync(path, 'utf8'));
    return Number.isInteger(run) && run > 0 ? run : 0;
  } catch {
    return 0;
  }
}
