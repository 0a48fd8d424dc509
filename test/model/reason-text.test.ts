import { describe, expect, test } from 'vitest';
import { INFINITY_SCORE } from '../../src/model/config.ts';
import { instanceId, nodeId, resourceId } from '../../src/model/ids.ts';
import { nextStep } from '../../src/model/next-step.ts';
import type { Reason } from '../../src/model/reason.ts';
import { reasonText } from '../../src/model/reason-text.ts';

const alpha = nodeId('alpha');
const bravo = nodeId('bravo');
const web = resourceId('web');
const ip = resourceId('ip');
const instance = instanceId('web');
const then = web;

/** One of each rule: a rule without an example does not compile. */
const examples: { readonly [R in Reason['rule']]: readonly [Reason, string] } = {
  'new-member': [
    { rule: 'new-member', node: alpha },
    'alpha has joined and nobody knows yet what runs there',
  ],
  'not-probed': [
    { rule: 'not-probed', resource: web, node: alpha },
    'nobody has looked yet whether web runs on alpha',
  ],
  'should-run': [{ rule: 'should-run', resource: web }, 'web should run'],
  'intended-stop': [{ rule: 'intended-stop', resource: web }, 'web is meant to be stopped'],
  removed: [{ rule: 'removed', resource: web }, 'web is no longer in the configuration'],
  'node-lost': [{ rule: 'node-lost', node: alpha }, 'alpha is lost'],
  'node-left': [{ rule: 'node-left', node: alpha }, 'alpha has left the cluster'],
  'node-standby': [{ rule: 'node-standby', node: alpha }, 'alpha is on standby'],
  'node-leaving': [{ rule: 'node-leaving', node: alpha }, 'alpha is leaving the cluster'],
  'node-maintenance': [{ rule: 'node-maintenance', node: alpha }, 'alpha is in maintenance'],
  'cluster-maintenance': [{ rule: 'cluster-maintenance' }, 'the cluster is in maintenance'],
  'resource-maintenance': [
    { rule: 'resource-maintenance', resource: web },
    'web is in maintenance',
  ],
  unmanaged: [{ rule: 'unmanaged', resource: web }, 'web is not managed by the cluster'],
  witness: [{ rule: 'witness', node: alpha }, 'alpha is a witness and runs nothing'],
  'not-joined': [{ rule: 'not-joined', node: alpha }, 'alpha is not a member now'],
  failed: [
    { rule: 'failed', instance, node: alpha, action: 'monitor', text: 'no answer' },
    'web failed on alpha (monitor: no answer)',
  ],
  'too-many-failures': [
    {
      rule: 'too-many-failures',
      resource: web,
      node: alpha,
      failures: 4,
      windowMs: 600_000,
      untilMs: 0,
    },
    'web failed 4 times on alpha within 10 min',
  ],
  unusable: [
    { rule: 'unusable', resource: web, node: alpha, exitCode: 5, text: 'nginx', untilMs: 0 },
    'web cannot run on alpha (not installed: nginx)',
  ],
  blocked: [
    { rule: 'blocked', instance, node: alpha, text: 'device busy' },
    'web could not be stopped on alpha and may still run there (device busy)',
  ],
  location: [{ rule: 'location', id: 'l', node: alpha, score: 100 }, 'rule l prefers alpha'],
  'not-allowed': [
    { rule: 'not-allowed', resource: web, node: alpha },
    'no rule allows web on alpha',
  ],
  colocation: [
    { rule: 'colocation', id: 'c', dependent: web, primary: ip, score: INFINITY_SCORE },
    'web must be with ip (rule c)',
  ],
  group: [
    { rule: 'group', group: resourceId('g'), member: web, waitsFor: ip },
    'ip comes before web in group g',
  ],
  order: [{ rule: 'order', id: 'o', first: ip, then }, 'rule o starts ip before web'],
  'order-cycle': [
    { rule: 'order-cycle', resource: web },
    'the order rules of web wait for each other',
  ],
  stickiness: [{ rule: 'stickiness', node: alpha, score: 1 }, 'it was on alpha before'],
  balance: [{ rule: 'balance', node: alpha }, 'alpha has the least to do'],
  'better-node': [
    { rule: 'better-node', from: alpha, to: bravo, because: { rule: 'node-standby', node: alpha } },
    'bravo is better for it than alpha: alpha is on standby',
  ],
  'restart-asked': [{ rule: 'restart-asked', resource: web }, 'a restart of web was asked for'],
  'moved-by-hand': [
    { rule: 'moved-by-hand', resource: web, to: bravo },
    'web was moved to bravo by hand',
  ],
  'config-changed': [
    { rule: 'config-changed', resource: web },
    'the definition of web has changed',
  ],
  'active-twice': [
    { rule: 'active-twice', instance, nodes: [alpha, bravo] },
    'web was found running on alpha and bravo at once',
  ],
  'waits-for-probe': [
    { rule: 'waits-for-probe', resource: web, nodes: [alpha] },
    'it is not known yet whether web runs on alpha',
  ],
  'waits-for-lost-node': [
    { rule: 'waits-for-lost-node', resource: web, node: alpha },
    'alpha is lost and may still run web',
  ],
  'runs-everywhere': [
    { rule: 'runs-everywhere', resource: web },
    'web is a clone: its copies stay on their nodes',
  ],
  'no-node': [
    {
      rule: 'no-node',
      resource: web,
      refusals: [
        { node: alpha, because: { rule: 'node-lost', node: alpha } },
        { node: bravo, because: { rule: 'node-standby', node: bravo } },
      ],
    },
    'no node may run web: alpha is lost; bravo is on standby',
  ],
  'clone-limit': [
    { rule: 'clone-limit', resource: web, max: 1 },
    'web may have 1 copy and no more',
  ],
};

describe('reasons in words', () => {
  test.each(Object.entries(examples))('%s is said in a plain fragment', (_rule, [reason, text]) => {
    expect(reasonText(reason)).toBe(text);
  });

  test('a score says how strong a rule is', () => {
    const location = { rule: 'location', id: 'l', node: alpha } as const;
    expect(reasonText({ ...location, score: -INFINITY_SCORE })).toBe('rule l forbids alpha');
    expect(reasonText({ ...location, score: -5 })).toBe('rule l avoids alpha');
    const apart = { rule: 'colocation', id: 'c', dependent: web, primary: ip, score: -5 } as const;
    expect(reasonText(apart)).toBe('web would be apart from ip (rule c)');
  });

  test('a command for what a person can change, and none for what needs no change', () => {
    const [standby] = examples['node-standby'];
    const [nowhere] = examples['no-node'];
    const [calm] = examples.stickiness;
    expect(nextStep(standby, web)).toBe('holdfast node online alpha');
    expect(nextStep(nowhere, web)).toBe('holdfast node online bravo');
    expect(nextStep(calm, web)).toBeUndefined();
  });
});
