import { describe, expect, test } from 'vitest';
import { runChaos } from './chaos.ts';

describe('a cluster under faults', () => {
  test('keeps all properties of Raft and recovers, whatever the seed', () => {
    let commands = 0;
    for (let seed = 1; seed <= 300; seed += 1) {
      try {
        commands += runChaos(seed).commands;
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    expect(commands).toBeGreaterThan(3000);
  });
});
