import { describe, expect, it } from 'vitest';
import { linkId } from '../../../src/model/ids.ts';
import { betterLink, linksToTry } from '../../../src/runtime/net/link-choice.ts';

const net0 = linkId('net0');
const net1 = linkId('net1');
const net2 = linkId('net2');

const up = (link: typeof net0, rttMs?: number) => ({ link, up: true, rttMs });
const down = (link: typeof net0) => ({ link, up: false, rttMs: undefined });
const unknown = (link: typeof net0) => ({ link, up: undefined, rttMs: undefined });

describe('links to try', () => {
  it('are those that are up, in the configured order while they are about equally fast', () => {
    expect(linksToTry([up(net0, 1.2), up(net1, 0.3), down(net2)])).toEqual([net0, net1]);
  });

  it('begin with one that is clearly faster', () => {
    expect(linksToTry([up(net0, 20), up(net1, 0.3), up(net2, 20)])).toEqual([net1, net0, net2]);
  });

  it('are those of which nothing is known, while none is known to be up', () => {
    expect(linksToTry([down(net0), unknown(net1)])).toEqual([net1]);
  });

  it('are all when all are down: the heart may be wrong about streams', () => {
    expect(linksToTry([down(net0), down(net1)])).toEqual([net0, net1]);
  });

  it('are none of a peer without addresses', () => {
    expect(linksToTry([])).toEqual([]);
  });
});

describe('a better link', () => {
  it('is an earlier one that is up', () => {
    expect(betterLink(net1, [up(net0, 0.5), up(net1, 0.3)])).toBe(net0);
  });

  it('is a later one only when it is clearly faster', () => {
    expect(betterLink(net0, [up(net0, 2), up(net1, 1)])).toBeUndefined();
    expect(betterLink(net0, [up(net0, 9), up(net1, 1)])).toBe(net1);
  });

  it('is never one that is down or unknown', () => {
    expect(betterLink(net1, [down(net0), up(net1, 9)])).toBeUndefined();
    expect(betterLink(net1, [unknown(net0), up(net1, 9)])).toBeUndefined();
  });
});
