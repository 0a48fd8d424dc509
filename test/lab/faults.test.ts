import { expect, test } from 'vitest';
import {
  type Faults,
  healed,
  noFaults,
  portIsDown,
  rulesetFor,
  withCut,
  withLoss,
} from './faults.ts';
import type { LabPlan } from './topology.ts';

const plan: LabPlan = { name: 'lab', hosts: ['alpha', 'beta', 'gamma'], links: 1, mtu: 1500 };
const allPorts = new Set(['alpha-0', 'beta-0', 'gamma-0']);

test('a cut in both directions takes the port down and needs no rule', () => {
  const faults = withCut(noFaults, { host: 'beta', link: 0, direction: 'both' });
  expect(portIsDown(faults, 'beta', 0)).toBe(true);
  expect(portIsDown(faults, 'alpha', 0)).toBe(false);
  expect(rulesetFor(plan, faults, allPorts)).not.toContain('drop');
});

test('a cut of what a host sends drops what comes in at its port', () => {
  const faults = withCut(noFaults, { host: 'beta', link: 0, direction: 'out' });
  expect(portIsDown(faults, 'beta', 0)).toBe(false);
  expect(rulesetFor(plan, faults, allPorts)).toMatch(/hook ingress device "beta-0".*\n +drop\n/);
});

test('loss of both directions makes one random rule each, and 0 per cent removes them', () => {
  const lost = withLoss(noFaults, { host: 'alpha', link: 0, direction: 'both', percent: 2.5 });
  expect(rulesetFor(plan, lost, allPorts).match(/random mod 10000 < 250 drop/g)).toHaveLength(2);
  const none = withLoss(lost, { host: 'alpha', link: 0, direction: 'both', percent: 0 });
  expect(none).toEqual(noFaults);
});

test('no rule names the port of a host that is off', () => {
  const faults = withCut(noFaults, { host: 'beta', link: 0, direction: 'in' });
  expect(rulesetFor(plan, faults, new Set(['alpha-0', 'gamma-0']))).not.toContain('beta-0');
});

test('a partition drops between groups, in each direction, and nothing else', () => {
  const faults: Faults = { ...noFaults, partition: [['alpha'], ['beta', 'gamma']] };
  const rules = rulesetFor(plan, faults, allPorts)
    .split('\n')
    .filter((line) => line.includes('drop'));
  expect(rules.map((rule) => rule.trim())).toEqual([
    'iifname { "alpha-0" } oifname { "beta-0", "gamma-0" } drop',
    'iifname { "beta-0", "gamma-0" } oifname { "alpha-0" } drop',
  ]);
});

test('healing one host leaves the faults of the others', () => {
  const beta = { host: 'beta', link: 0, direction: 'both' } as const;
  const gamma = { host: 'gamma', link: 0, direction: 'in' } as const;
  const faults = withCut(withCut(noFaults, beta), gamma);
  expect(healed(faults, 'beta').cuts).toEqual([gamma]);
  expect(healed(faults, 'gamma', 0).cuts).toEqual([beta]);
  expect(healed(faults)).toEqual(noFaults);
});
