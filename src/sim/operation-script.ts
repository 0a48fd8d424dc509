import type { Prng } from '../base/prng.ts';
import type { Operation } from '../model/operation.ts';
import { between } from './random-streams.ts';

/** How one operation of a resource agent goes, drawn when it begins. */
export interface OperationScript {
  readonly durationMs: number;
  /** When within the duration it takes effect. */
  readonly effectAtMs: number;
  /**
   * ok: as it should. fail: error, no effect. fail-late: effect, and an error all the same. hang: no effect, no
   * answer. hang-late: effect and no answer. lie: success is reported, and nothing was done.
   */
  readonly outcome: 'ok' | 'fail' | 'fail-late' | 'hang' | 'hang-late' | 'lie';
}

/** How resource agents behave in one run. Shares of operations. */
export interface AgentQuality {
  readonly fail: number;
  readonly hang: number;
  readonly lie: number;
  readonly slowness: number;
}

export const goodAgents: AgentQuality = { fail: 0, hang: 0, lie: 0, slowness: 1 };

/** Draws how an operation goes. Stops never lie: no cluster manager could survive that. */
export function drawOperation(
  prng: Prng,
  quality: AgentQuality,
  operation: Operation,
): OperationScript {
  const longest = operation.action === 'monitor' ? 30 : 120;
  const durationMs = between(prng, 3, longest) * quality.slowness;
  const effectAtMs = durationMs * prng.fraction();
  return { durationMs, effectAtMs, outcome: drawOutcome(prng, quality, operation) };
}

function drawOutcome(
  prng: Prng,
  quality: AgentQuality,
  operation: Operation,
): OperationScript['outcome'] {
  const late = prng.chance(0.5);
  const draw = prng.fraction();
  if (draw < quality.fail) return late ? 'fail-late' : 'fail';
  if (draw < quality.fail + quality.hang) return late ? 'hang-late' : 'hang';
  const mayLie = operation.action === 'start' || operation.action === 'monitor';
  if (mayLie && draw < quality.fail + quality.hang + quality.lie) return 'lie';
  return 'ok';
}
