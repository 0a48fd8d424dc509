import { describe, expect, test } from 'vitest';
import { type ExplainInput, explain } from '../../src/model/explain.ts';
import { instanceId, nodeId, resourceId } from '../../src/model/ids.ts';
import type { PlannedAction } from '../../src/model/plan.ts';
import type { Reason } from '../../src/model/reason.ts';
import { primitiveConfig } from '../core/scheduler/script.ts';

const web = resourceId('web');
const alpha = nodeId('alpha');

function input(reason: Reason, change: Partial<ExplainInput> = {}): ExplainInput {
  return {
    resources: [primitiveConfig('web')],
    assignments: [
      { instance: instanceId('web'), resource: web, node: undefined, reason, candidates: [] },
    ],
    actions: [],
    facts: { index: 1, members: [], instances: [], orders: [], failures: [] },
    quorate: true,
    ...change,
  };
}

describe('why', () => {
  test('says the cause first and the next command last', () => {
    const found = explain(input({ rule: 'intended-stop', resource: web }), web);
    expect(found).toEqual({
      sentence:
        'web is meant to be stopped, so web does not run; next: holdfast resource start web',
      state: 'stopped',
      reason: { rule: 'intended-stop', resource: web },
      command: 'holdfast resource start web',
    });
  });

  test('names the missing majority before any other cause', () => {
    const reason: Reason = { rule: 'node-standby', node: alpha };
    const found = explain(input(reason, { quorate: false }), web);
    expect(found?.state).toBe('unknown');
    expect(found?.command).toBe('holdfast quorum status');
  });

  test('tells what a start is waiting for', () => {
    const probe: PlannedAction = {
      id: 'probe web on bravo',
      action: 'probe',
      instance: instanceId('web'),
      node: nodeId('bravo'),
      inFlight: true,
      after: [],
      blockedBy: undefined,
      takeover: false,
      reason: { rule: 'new-member', node: nodeId('bravo') },
    };
    const start: PlannedAction = {
      ...probe,
      id: 'start web on alpha',
      action: 'start',
      node: alpha,
      inFlight: false,
      after: [probe.id],
    };
    const reason: Reason = { rule: 'balance', node: alpha };
    const found = explain(input(reason, { actions: [probe, start] }), web);
    expect(found?.sentence).toBe(
      'it is not known yet whether web runs on bravo, so web is not started on alpha yet',
    );
  });

  test('knows nothing of what nobody configured', () => {
    const found = explain(input({ rule: 'cluster-maintenance' }), resourceId('other'));
    expect(found).toBeUndefined();
  });
});
