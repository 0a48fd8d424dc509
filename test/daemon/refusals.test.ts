import { describe, expect, it } from 'vitest';
import { missingAddresses } from '../../src/daemon/own-addresses.ts';
import { Refusals } from '../../src/daemon/refusals.ts';
import { linkId, nodeId } from '../../src/model/ids.ts';

const [beta, gamma] = ['beta', 'gamma'].map(nodeId) as [
  ReturnType<typeof nodeId>,
  ReturnType<typeof nodeId>,
];

describe('refused streams', () => {
  it('are told once in ten minutes, each kind by itself', () => {
    let now = 0;
    const refusals = new Refusals(() => now);
    const tell = (): string | undefined => refusals.refused(gamma, '10.0.0.3', 'not-a-member');
    expect(tell()).toBe(
      'refused a stream with gamma at 10.0.0.3: it is no member of the cluster (any more)',
    );
    expect(tell()).toBeUndefined();
    expect(refusals.refused(gamma, '10.0.0.3', 'certificate-expired')).toBeDefined();
    expect(refusals.refused(undefined, '10.0.0.9', 'no-certificate')).toContain('a stranger');
    now = 600_000;
    expect(tell()).toBeDefined();
  });

  it('are trouble of this node until the peer takes a stream', () => {
    const refusals = new Refusals(() => 0);
    expect(refusals.refusedBy(gamma, 'not-a-member')).toContain('gamma refuses this node');
    refusals.refusedBy(beta, 'not-a-member');
    expect(refusals.trouble).toEqual([
      'beta, gamma refuse this node: it is no member of the cluster (any more); to join again, move its directories away and use a new token',
    ]);
    refusals.accepted(beta);
    refusals.accepted(gamma);
    expect(refusals.trouble).toEqual([]);
  });
});

describe('the addresses of a node', () => {
  const links = ['10.0.0.1', '10.0.1.1'].map((host, at) => ({
    link: linkId(`net${at}`),
    host,
    port: 7400,
  }));
  const missing = (...present: readonly string[]): readonly string[] =>
    missingAddresses(beta, links, new Set(present));

  it('are no trouble while they are there', () => {
    expect(missing('10.0.0.1', '10.0.1.1', '127.0.0.1')).toEqual([]);
  });

  it('are a path that is down where some are missing, and a copied machine where all are', () => {
    expect(missing('10.0.0.1')).toEqual([
      '10.0.1.1 (net1) is not on this machine: that path is down',
    ]);
    expect(missing('10.9.9.9')[0]).toContain('if it is a copy of beta');
  });
});
