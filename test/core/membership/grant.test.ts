import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import { Prng } from '../../../src/base/prng.ts';
import { Grant } from '../../../src/core/membership/grant.ts';

const bounds = { intervalMs: 100, detectMinMs: 500, detectMaxMs: 5000 };

/** Heartbeats at the interval, from `from` to `to`. */
function calm(grant: Grant, from: number, to: number, rttMs = 1): void {
  for (let at = from; at <= to; at += 100) grant.arrived(instant(at), rttMs, bounds);
}

describe('Grant', () => {
  it('is exactly detectMin while heartbeats come calmly', () => {
    const grant = new Grant();
    expect(grant.grantMs(bounds)).toBe(500);
    const prng = new Prng(3);
    for (let at = 0; at < 60_000; at += 100) {
      grant.arrived(instant(at + prng.fraction() * 20), 1, bounds);
    }
    expect(grant.grantMs(bounds)).toBe(500);
  });

  it('is detectMin for a single lost round', () => {
    const grant = new Grant();
    calm(grant, 0, 1000);
    calm(grant, 1200, 2000);
    expect(grant.grantMs(bounds)).toBe(500);
  });

  it('widens at once with a late heartbeat', () => {
    const grant = new Grant();
    calm(grant, 0, 1000);
    calm(grant, 1600, 1600);
    expect(grant.grantMs(bounds)).toBe(1002); // 1.5 × 600 + 100 + 2 × 1.
  });

  it('shrinks back to detectMin within a minute of calm, not at once', () => {
    const grant = new Grant();
    calm(grant, 0, 1000);
    calm(grant, 3000, 25_000);
    expect(grant.grantMs(bounds)).toBe(3102);
    calm(grant, 25_100, 63_000);
    expect(grant.grantMs(bounds)).toBe(500);
  });

  it('fits the round-trip time of a far site', () => {
    const grant = new Grant();
    calm(grant, 0, 1000, 300);
    expect(grant.grantMs(bounds)).toBe(850);
  });

  it('never exceeds detectMax, and an outage beyond it is no measure', () => {
    const grant = new Grant();
    calm(grant, 0, 1000);
    calm(grant, 5900, 6000);
    expect(grant.grantMs(bounds)).toBe(5000);
    const other = new Grant();
    calm(other, 0, 1000);
    calm(other, 60_000, 61_000);
    expect(other.grantMs(bounds)).toBe(500);
  });

  it('does not measure a gap of its own making', () => {
    const grant = new Grant();
    calm(grant, 0, 1000);
    grant.interrupted();
    calm(grant, 3000, 4000);
    expect(grant.grantMs(bounds)).toBe(500);
  });

  it('is calm again with a new incarnation: the outage before it is no measure', () => {
    const grant = new Grant();
    calm(grant, 0, 1000);
    calm(grant, 3500, 4000);
    expect(grant.grantMs(bounds)).toBeGreaterThan(3000);
    grant.renewed();
    calm(grant, 4100, 4100);
    expect(grant.grantMs(bounds)).toBe(500);
  });

  it('follows a raised detectMin at once', () => {
    const grant = new Grant();
    calm(grant, 0, 1000);
    expect(grant.grantMs({ ...bounds, detectMinMs: 900 })).toBe(900);
  });
});
