import { describe, expect, test } from 'vitest';
import { type ProblemCode, problemsOf } from '../../src/api/problems.ts';
import type { StatusReport } from '../../src/api/requests.ts';
import { nodeId } from '../../src/model/ids.ts';
import {
  calm,
  configOf,
  failedResource,
  link,
  maintenance,
  member,
  noQuorum,
  oneNodeLost,
  peer,
  siteText,
  wallMs,
} from '../cli/support/status-fixture.ts';

const codes = (status: StatusReport): readonly ProblemCode[] =>
  problemsOf(status).map(({ code }) => code);

const withMembers = (...members: readonly ReturnType<typeof member>[]): StatusReport => {
  const base = calm();
  return { ...base, facts: { ...base.facts, members } };
};

describe('problems', () => {
  test('a calm cluster has none, but is told what is not protected', () => {
    expect(codes(calm())).toEqual(['unprotected']);
  });

  test('the worst comes first', () => {
    expect(codes(noQuorum()).slice(0, 2)).toEqual(['no-quorum', 'lease-lost']);
    expect(codes(oneNodeLost())[0]).toBe('node-lost');
    expect(codes(failedResource()).slice(0, 2)).toEqual(['resource-failed', 'resource-blocked']);
    const severities = problemsOf(maintenance()).map(({ severity }) => severity);
    expect(severities).toEqual(['warning', 'note', 'note', 'note']);
  });

  test('each that a command can end names the command', () => {
    for (const report of [noQuorum(), oneNodeLost(), failedResource(), maintenance()]) {
      for (const { next, code } of problemsOf(report)) {
        expect(next, code).toMatch(/^(holdfast|journalctl|on \w+:) /);
      }
    }
  });

  test('an election is not a lost quorum', () => {
    const base = calm();
    const raft = { ...base.raft, leader: undefined, quorate: false };
    expect(codes({ ...base, raft })[0]).toBe('no-leader');
  });

  test('a node that only others hear is partly connected, not lost', () => {
    const base = calm();
    const peers = [peer('bravo', { heard: false, forMs: 900 }), peer('charlie')];
    const [first] = problemsOf({ ...base, peers });
    expect(first?.code).toBe('node-silent');
    expect(first?.text).toContain('charlie do');
  });

  test('a dead path to a living node is a warning about the path', () => {
    const base = calm();
    const links = [link('net0', 'bravo', { up: false, forMs: 4000 }), ...base.links.slice(1)];
    expect(problemsOf({ ...base, links })[0]).toMatchObject({
      severity: 'warning',
      code: 'link-down',
      about: 'net0/bravo',
    });
  });

  test('an agent that is away while its heart beats is a warning', () => {
    const base = calm();
    expect(codes({ ...base, peers: [peer('bravo', { agent: false }), peer('charlie')] })[0]).toBe(
      'agent-down',
    );
  });

  test('the disk of this node and other troubles of its own are critical', () => {
    const [first] = problemsOf(calm({ trouble: ['its disk is full: it votes no more'] }));
    expect(first).toMatchObject({ severity: 'critical', code: 'own-trouble' });
  });

  test('a resource that may run nowhere is critical, one that is stopped by wish is a note', () => {
    const base = calm();
    const web = base.assignments.map((item) =>
      item.instance === 'web' ? { ...item, node: undefined } : item,
    );
    const instances = base.facts.instances.filter(({ instance }) => instance !== 'web');
    const nowhere = { ...base, assignments: web, facts: { ...base.facts, instances } };
    expect(codes(nowhere)[0]).toBe('resource-not-running');
    const text = siteText.replace('site: { members', 'site: { stopped: true, members');
    const { resources } = configOf(text);
    const found = problemsOf({ ...nowhere, resources });
    expect(found.map(({ code }) => code)).not.toContain('resource-not-running');
    expect(found).toContainEqual(
      expect.objectContaining({ code: 'resource-stopped', next: 'holdfast resource start site' }),
    );
  });

  test('a resource that nobody manages is a warning', () => {
    const { resources } = configOf(
      siteText.replace('systemd:backup', 'systemd:backup, managed: false'),
    );
    expect(codes(calm({ resources }))[0]).toBe('resource-unmanaged');
  });

  test('few nodes, even voters, single paths and mixed versions are noted', () => {
    const base = calm();
    expect(codes(withMembers(member('alpha')))).toContain('single-node');
    const raft = { ...base.raft, voters: ['alpha', 'bravo'].map(nodeId) };
    expect(codes({ ...withMembers(member('alpha'), member('bravo')), raft })).toContain(
      'even-voters',
    );
    const { addresses } = member('bravo');
    const bare = member('bravo', { addresses: addresses.slice(0, 1) });
    expect(codes(withMembers(member('alpha'), bare))).toContain('single-path');
    const old = member('bravo', { version: '0.0.9' });
    expect(codes(withMembers(member('alpha'), old))).toContain('version-skew');
    const absent = member('delta', { presence: 'absent', incarnation: 0, sinceMs: wallMs });
    expect(codes(withMembers(member('alpha'), member('bravo'), absent))).toContain('node-absent');
  });

  test('addresses alone need no fencing, and with fencing nothing is unprotected', () => {
    const only = configOf(
      'cluster: x\nresources: { ip: { agent: address, with: { ip: 10.0.0.1 } } }',
    );
    expect(codes(calm({ resources: only.resources }))).not.toContain('unprotected');
    const { options } = configOf('cluster: x\noptions: { takeover: fencing }');
    expect(codes(calm({ options }))).not.toContain('unprotected');
  });
});
