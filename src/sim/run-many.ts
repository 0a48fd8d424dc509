import { Worker } from 'node:worker_threads';
import type { SimOptions } from './options.ts';
import { realMachines } from './real-machines.ts';
import { type RunResult, runSeed } from './run-seed.ts';

/** Runs the seeds of the command line, in this thread or in several. `onResult` may say that it is enough. */
export async function runMany(
  options: SimOptions,
  trace: ((line: string) => void) | undefined,
  onResult: (result: RunResult) => boolean,
): Promise<readonly RunResult[]> {
  const results: RunResult[] = [];
  let virtualMs = 0;
  let isEnough = false;
  let seed = options.firstSeed;
  const next = (): number | undefined => {
    if (isEnough) return undefined;
    if (options.hours === undefined) {
      if (seed >= options.firstSeed + options.seeds) return undefined;
    } else if (virtualMs >= options.hours * 3_600_000) return undefined;
    seed += 1;
    return seed - 1;
  };
  const take = (result: RunResult): void => {
    results.push(result);
    virtualMs += result.virtualMs;
    if (onResult(result)) isEnough = true;
  };
  if (options.jobs > 1 && trace === undefined) await runInWorkers(options, next, take);
  else {
    const { nodes, profile, kinds, freeze } = options;
    for (let at = next(); at !== undefined; at = next()) {
      take(runSeed({ seed: at, nodes, profile, kinds, freeze, trace, machines: realMachines }));
    }
  }
  return results.sort((a, b) => a.seed - b.seed);
}

async function runInWorkers(
  options: SimOptions,
  next: () => number | undefined,
  take: (result: RunResult) => void,
): Promise<void> {
  const { nodes, profile, kinds, freeze, jobs } = options;
  const runs = Array.from({ length: jobs }, async () => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { nodes, profile, kinds, freeze },
    });
    try {
      for (let seed = next(); seed !== undefined; seed = next()) take(await ask(worker, seed));
    } finally {
      await worker.terminate();
    }
  });
  await Promise.all(runs);
}

function ask(worker: Worker, seed: number): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (result: RunResult) => {
      worker.off('error', reject);
      resolve(result);
    });
    worker.postMessage(seed);
  });
}
