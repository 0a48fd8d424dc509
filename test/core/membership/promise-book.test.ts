import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/instant.ts';
import type { HeldPromise } from '../../../src/core/membership/heart-protocol.ts';
import {
  PromiseBook,
  type PromiseEffect,
  type PromiseInput,
} from '../../../src/core/membership/promise-book.ts';
import { nodeId } from '../../../src/model/ids.ts';

const l = nodeId('l');
const promise: HeldPromise = { node: nodeId('x'), incarnation: 7, term: 3, round: 1 };
const release = { kind: 'release', node: promise.node, incarnation: 7 } as const;

class Rig {
  readonly book: PromiseBook;
  now = 0;
  disk: readonly HeldPromise[];

  constructor(disk: readonly HeldPromise[] = []) {
    this.disk = disk;
    this.book = new PromiseBook(disk, instant(0));
    this.step({ kind: 'leader', leader: l });
  }

  step(input: PromiseInput): readonly PromiseEffect[] {
    return this.book.step(input, instant(this.now));
  }

  ask(change: Partial<HeldPromise> = {}): readonly PromiseEffect[] {
    const request = { ...promise, ...change, kind: 'promise-request' } as const;
    return this.step({ kind: 'request', from: l, request });
  }

  giveUp(change: Partial<HeldPromise> = {}): readonly PromiseEffect[] {
    const given = { ...promise, ...change, kind: 'promise-release' } as const;
    return this.step({ kind: 'release', release: given });
  }

  /** Carries out what is to be written, and answers. */
  write(effects: readonly PromiseEffect[]): readonly PromiseEffect[] {
    return effects.flatMap((effect) => {
      if (effect.kind !== 'persist-promises') return [];
      this.disk = effect.promises;
      return [...this.step({ kind: 'persisted', ticket: effect.ticket })];
    });
  }

  /** Asked, promised by the heart, written. */
  hold(change: Partial<HeldPromise> = {}): readonly PromiseEffect[] {
    this.ask(change);
    return this.write(this.step({ kind: 'promised', promise: { ...promise, ...change } }));
  }
}

describe('PromiseBook', () => {
  it('R4: puts the question to the heart, writes its promise down, and only then says so', () => {
    const rig = new Rig();
    expect(rig.ask()).toEqual([{ kind: 'heart', message: { ...promise, kind: 'promise' } }]);
    const written = rig.step({ kind: 'promised', promise });
    expect(written).toEqual([{ kind: 'persist-promises', ticket: 1, promises: [promise] }]);
    expect(rig.step({ kind: 'persisted', ticket: 1 })).toEqual([
      { kind: 'send', to: l, message: { ...promise, kind: 'promise-response', promised: true } },
    ]);
  });

  it('answers heard without touching the disk', () => {
    const rig = new Rig();
    rig.ask();
    expect(rig.step({ kind: 'heard', promise })).toEqual([
      { kind: 'send', to: l, message: { ...promise, kind: 'promise-response', promised: false } },
    ]);
    expect(rig.step({ kind: 'heard', promise })).toEqual([]);
  });

  it('repeats a promise until it has ended, and a question is answered again', () => {
    const rig = new Rig();
    rig.hold();
    expect(rig.book.deadline()).toBe(1000);
    rig.now = 1000;
    expect(rig.step({ kind: 'wake' })).toHaveLength(1);
    expect(rig.ask()).toHaveLength(1);
  });

  it('does not put an older question to the heart', () => {
    const rig = new Rig();
    rig.hold({ round: 4 });
    expect(rig.ask({ round: 3 })).toEqual([]);
    expect(rig.ask({ term: 2, round: 9 })).toEqual([]);
  });

  it('R5a: a round given up ends its promise and all earlier ones of that term, no others', () => {
    const rig = new Rig();
    rig.hold({ round: 2 });
    expect(rig.giveUp({ round: 1 })).toEqual([]);
    expect(rig.giveUp({ term: 2, round: 5 })).toEqual([]);
    expect(rig.giveUp({ incarnation: 6, round: 5 })).toEqual([]);
    const effects = rig.giveUp({ round: 3 });
    expect(effects[0]).toEqual({ kind: 'heart', message: release });
    rig.write(effects);
    expect(rig.disk).toEqual([]);
  });

  it('R5a: a release that crosses the heart’s answer is not undone by it', () => {
    const rig = new Rig();
    rig.ask();
    expect(rig.giveUp()).toEqual([{ kind: 'heart', message: release }]);
    expect(rig.step({ kind: 'promised', promise })).toEqual([]);
    expect(rig.ask()).toEqual([]); // And a late copy of the question is not asked again.
  });

  it('R5: a release by a later leader does not end what was promised to an earlier one', () => {
    const rig = new Rig();
    rig.hold();
    rig.hold({ term: 4 });
    const effects = rig.giveUp({ term: 4 });
    expect(effects.map((effect) => effect.kind)).toEqual(['persist-promises']);
    rig.write(effects);
    expect(rig.disk).toEqual([promise]);
    const ended = rig.step({ kind: 'applied', index: 50, term: 4, ended: [] });
    expect(ended[0]).toEqual({ kind: 'heart', message: release });
  });

  it('R5b: ends when an entry of a newer term is applied, not when one of its own term is', () => {
    const rig = new Rig();
    rig.hold();
    expect(rig.step({ kind: 'applied', index: 40, term: 3, ended: [] })).toEqual([]);
    const effects = rig.step({ kind: 'applied', index: 41, term: 4, ended: [] });
    rig.write(effects);
    expect(effects[0]).toEqual({ kind: 'heart', message: release });
    expect(rig.disk).toEqual([]);
  });

  it('R5b, R5c: after lost is applied it stays on disk until a restart reloads that', () => {
    const rig = new Rig();
    rig.hold();
    const { node, incarnation } = promise;
    rig.step({ kind: 'applied', index: 40, term: 3, ended: [{ node, incarnation }] });
    expect(rig.step({ kind: 'applied', index: 60, term: 9, ended: [] })).toEqual([]);
    expect(rig.step({ kind: 'reloads', index: 39 })).toEqual([]);
    expect(rig.disk).toEqual([promise]);
    const effects = rig.step({ kind: 'reloads', index: 40 });
    rig.write(effects);
    expect(effects.map((effect) => effect.kind)).toEqual(['persist-promises']);
    expect(rig.disk).toEqual([]);
    expect(rig.book.deadline()).toBeUndefined();
  });

  it('a promise that only the heart knows of is written down and said', () => {
    const rig = new Rig();
    const effects = rig.step({ kind: 'heart-hello', promises: [promise] });
    expect(rig.write(effects)).toHaveLength(1);
    expect(rig.disk).toEqual([promise]);
    expect(rig.step({ kind: 'heart-hello', promises: [promise] })).toEqual([]);
  });

  it('R8: what is on disk goes to the heart with hello, and is repeated to the leader', () => {
    const rig = new Rig([promise]);
    expect(rig.book.promises).toEqual([promise]);
    rig.now = 1500;
    expect(rig.step({ kind: 'wake' })).toHaveLength(1);
  });

  it('a newer round of the same term takes the place of the older one', () => {
    const rig = new Rig();
    rig.hold();
    expect(rig.hold({ round: 2 })).toHaveLength(1);
    expect(rig.disk).toEqual([{ ...promise, round: 2 }]);
  });
});
