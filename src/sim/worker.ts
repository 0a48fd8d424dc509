import { parentPort, workerData } from 'node:worker_threads';
import type { PlanWishes } from './fault-plan.ts';
import { realMachines } from './real-machines.ts';
import { runSeed } from './run-seed.ts';

/** What a worker needs to know of the command line. */
export interface WorkerOptions extends PlanWishes {
  readonly nodes: number | undefined;
  readonly freeze: boolean;
}

// Runs one seed after the other, as they are handed to it.
const options = workerData as WorkerOptions;
parentPort?.on('message', (seed: number) => {
  parentPort?.postMessage(runSeed({ ...options, seed, machines: realMachines, trace: undefined }));
});
