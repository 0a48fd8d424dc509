import { describe, expect, it } from 'vitest';
import { allBugs, huntBug, QUICK_SEEDS } from '../../../src/sim/bugs/hunt.ts';

const quick = allBugs.filter((bug) => bug.seedsMax <= QUICK_SEEDS);

describe('deliberate bugs', () => {
  it('are at least twenty, each with a name of its own', () => {
    expect(allBugs.length).toBeGreaterThanOrEqual(20);
    expect(new Set(allBugs.map((bug) => bug.name)).size).toBe(allBugs.length);
  });

  it.each(quick.map((bug) => [bug.name, bug.what, bug] as const))(
    '%s is found: %s',
    { timeout: 60_000 },
    (_name, _what, bug) => {
      expect(huntBug(bug, 1).found).toBeDefined();
    },
  );
});
