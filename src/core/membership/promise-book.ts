import { unreachable } from '../../base/assert.ts';
import { addMs, type Instant } from '../../base/instant.ts';
import type { Machine } from '../../base/machine.ts';
import type { NodeId } from '../../model/ids.ts';
import type { AgentToHeart, HeldPromise } from './heart-protocol.ts';
import type { MembershipSend, PromiseRelease, PromiseRequest } from './membership-message.ts';
import type { Incarnation } from './packet.ts';

/** Between two repetitions of a promise that has not ended. */
const repeatMs = 1000;

export type PromiseInput =
  | { readonly kind: 'wake' }
  | { readonly kind: 'request'; readonly from: NodeId; readonly request: PromiseRequest }
  | { readonly kind: 'release'; readonly release: PromiseRelease }
  /** The heart's `hello`: promises that this run of it made, on disk or not. */
  | { readonly kind: 'heart-hello'; readonly promises: readonly HeldPromise[] }
  | { readonly kind: 'promised'; readonly promise: HeldPromise }
  | { readonly kind: 'heard'; readonly promise: HeldPromise }
  | { readonly kind: 'persisted'; readonly ticket: number }
  /** Entries were applied, or a snapshot took their place; `term` of the last one. */
  | {
      readonly kind: 'applied';
      readonly index: number;
      readonly term: number;
      /** These incarnations and all before them are over by now: lost, left, or followed by the next one. */
      readonly ended: readonly { readonly node: NodeId; readonly incarnation: Incarnation }[];
    }
  /** After a restart the state is reloaded at least up to this index: the floor (R15) or a snapshot, on disk. */
  | { readonly kind: 'reloads'; readonly index: number }
  | { readonly kind: 'leader'; readonly leader: NodeId | undefined };

export type PromiseEffect =
  | MembershipSend
  | {
      readonly kind: 'heart';
      readonly message: AgentToHeart & { readonly kind: 'promise' | 'release' };
    }
  /** The whole book, to be on disk before `persisted` is answered; in the order of the tickets. */
  | {
      readonly kind: 'persist-promises';
      readonly ticket: number;
      readonly promises: readonly HeldPromise[];
    };

interface Line {
  readonly promise: HeldPromise;
  /** Set until it is on disk: the promise is said to nobody before. */
  ticket: number | undefined;
  /** Index by which the log ended the incarnation: kept on disk until a restart reloads that (R5c). */
  endedAt: number | undefined;
  repeatAt: Instant;
}

/**
 * The voter's promises on disk (R4, R5). The heart stops its acks; this writes the promise down, and only then tells the
 * leader. A promise is repeated until it has ended, so that neither a lost answer nor a lost release is for ever.
 * Promises about one incarnation to leaders of different terms end each for itself.
 */
export class PromiseBook implements Machine<PromiseInput, PromiseEffect> {
  /** One line for each node, incarnation and term, in the order in which they were made. */
  #lines: readonly Line[];
  /** Newest request about each node that the heart has not answered. */
  readonly #asked = new Map<NodeId, HeldPromise>();
  /** Newest round about each node that was given up: an answer of the heart may cross its release. */
  readonly #released = new Map<NodeId, HeldPromise>();
  #leader: NodeId | undefined;
  #ticket = 0;

  /** `promises` as they are on disk. */
  constructor(promises: readonly HeldPromise[], now: Instant) {
    this.#lines = promises.map((promise) => newLine(promise, now));
  }

  /** What the book holds, for the `hello` to the heart. */
  get promises(): readonly HeldPromise[] {
    return this.#lines.map((line) => line.promise);
  }

  step(input: PromiseInput, now: Instant): readonly PromiseEffect[] {
    switch (input.kind) {
      case 'wake':
        return this.#repeat(now);
      case 'request':
        return this.#request(input.from, input.request);
      case 'release':
        return this.#release(input.release);
      case 'heart-hello':
        this.#asked.clear();
        return input.promises.flatMap((promise) => this.#write(promise, now));
      case 'promised':
        return this.#promised(input.promise, now);
      case 'heard':
        return this.#heard(input.promise);
      case 'persisted':
        return this.#persisted(input.ticket, now);
      case 'applied':
        return this.#applied(input);
      case 'reloads':
        return this.#keep((line) => line.endedAt === undefined || line.endedAt > input.index); // R5c.
      case 'leader':
        this.#leader = input.leader;
        return this.#repeat(now);
      default:
        return unreachable(input);
    }
  }

  deadline(): Instant | undefined {
    if (this.#leader === undefined) return undefined;
    let due: Instant | undefined;
    for (const line of this.#lines) {
      if (isSaid(line) && (due === undefined || line.repeatAt < due)) due = line.repeatAt;
    }
    return due;
  }

  /** An older question than one already known is not even put to the heart. */
  #request(from: NodeId, request: PromiseRequest): readonly PromiseEffect[] {
    const promise = named(request);
    const { node } = promise;
    const asked = this.#asked.get(node);
    if (asked !== undefined && isOlder(promise, asked)) return [];
    if (this.#lines.some((line) => line.promise.node === node && isOlder(promise, line.promise))) {
      return [];
    }
    if (this.#isReleased(promise)) return [];
    this.#leader = from;
    this.#asked.set(node, promise);
    return [{ kind: 'heart', message: { ...promise, kind: 'promise' } }];
  }

  #promised(promise: HeldPromise, now: Instant): readonly PromiseEffect[] {
    const asked = this.#asked.get(promise.node);
    if (asked !== undefined && isSame(asked, promise)) this.#asked.delete(promise.node);
    // The heart has taken it back by now, or holds it for an earlier leader whose line is here.
    return this.#isReleased(promise) ? [] : this.#write(promise, now);
  }

  #heard(promise: HeldPromise): readonly PromiseEffect[] {
    const asked = this.#asked.get(promise.node);
    if (asked === undefined || !isSame(asked, promise)) return [];
    this.#asked.delete(promise.node);
    return this.#respond(promise, false);
  }

  /** R5a: the leader of a term ends the promises of that term, of this round and earlier ones. */
  #release(release: PromiseRelease): readonly PromiseEffect[] {
    const released = named(release);
    const { node, incarnation } = released;
    const before = this.#released.get(node);
    if (before === undefined || isOlder(before, released)) this.#released.set(node, released);
    const asked = this.#asked.get(node);
    const ends = asked !== undefined && covers(released, asked);
    if (ends) this.#asked.delete(node);
    const saved = this.#keep(
      (line) => line.endedAt !== undefined || !covers(released, line.promise),
    );
    if (!ends && saved.length === 0) return [];
    return [...this.#letAck(node, incarnation), ...saved];
  }

  /** The heart may ack an incarnation again, unless another promise or question about it stands. */
  #letAck(node: NodeId, incarnation: Incarnation): readonly PromiseEffect[] {
    const stands = (promise: HeldPromise | undefined): boolean =>
      promise?.node === node && promise.incarnation === incarnation;
    if (stands(this.#asked.get(node))) return [];
    if (this.#lines.some((line) => stands(line.promise))) return [];
    return [{ kind: 'heart', message: { kind: 'release', node, incarnation } }];
  }

  #write(promise: HeldPromise, now: Instant): readonly PromiseEffect[] {
    const { node, incarnation, term } = promise;
    const known = this.#lines.find(
      ({ promise: other }) =>
        other.node === node && other.incarnation === incarnation && other.term === term,
    );
    if (known !== undefined && known.promise.round >= promise.round) return [];
    const line = newLine(promise, now);
    this.#lines = [...this.#lines.filter((other) => other !== known), line];
    const effect = this.#save();
    line.ticket = this.#ticket;
    return [effect];
  }

  /** R4: on disk, and only now said. */
  #persisted(ticket: number, now: Instant): readonly PromiseEffect[] {
    for (const line of this.#lines) {
      if (line.ticket === undefined || line.ticket > ticket) continue;
      line.ticket = undefined;
      line.repeatAt = now;
    }
    return this.#repeat(now);
  }

  /** R5b: an entry of a newer term is applied, and no end of the incarnation lies before it in the log. */
  #applied(input: PromiseInput & { readonly kind: 'applied' }): readonly PromiseEffect[] {
    for (const { node, incarnation } of input.ended) {
      for (const line of this.#lines) {
        if (line.promise.node !== node || line.promise.incarnation > incarnation) continue;
        line.endedAt ??= input.index;
      }
    }
    const over = this.#lines.filter(
      (line) => line.endedAt === undefined && line.promise.term < input.term,
    );
    const saved = this.#keep((line) => !over.includes(line));
    const acks = over.flatMap(({ promise }) => this.#letAck(promise.node, promise.incarnation));
    return [...acks, ...saved];
  }

  #repeat(now: Instant): readonly PromiseEffect[] {
    if (this.#leader === undefined) return [];
    const effects: PromiseEffect[] = [];
    for (const line of this.#lines) {
      if (!isSaid(line) || now < line.repeatAt) continue;
      line.repeatAt = addMs(now, repeatMs);
      effects.push(...this.#respond(line.promise, true));
    }
    return effects;
  }

  #respond(promise: HeldPromise, promised: boolean): readonly PromiseEffect[] {
    if (this.#leader === undefined) return [];
    const message = { ...promise, kind: 'promise-response', promised } as const;
    return [{ kind: 'send', to: this.#leader, message }];
  }

  /** Drops the other lines and writes the book anew if there were any. */
  #keep(stays: (line: Line) => boolean): readonly PromiseEffect[] {
    const before = this.#lines.length;
    this.#lines = this.#lines.filter(stays);
    return this.#lines.length < before ? [this.#save()] : [];
  }

  #save(): PromiseEffect {
    this.#ticket += 1;
    return { kind: 'persist-promises', ticket: this.#ticket, promises: this.promises };
  }

  #isReleased(promise: HeldPromise): boolean {
    const released = this.#released.get(promise.node);
    return released !== undefined && covers(released, promise);
  }
}

function newLine(promise: HeldPromise, now: Instant): Line {
  return { promise, ticket: undefined, endedAt: undefined, repeatAt: now };
}

/** On disk, and not ended: what the leader is told. */
function isSaid(line: Line): boolean {
  return line.ticket === undefined && line.endedAt === undefined;
}

function named({ node, incarnation, term, round }: HeldPromise): HeldPromise {
  return { node, incarnation, term, round };
}

/** By term, then round. */
function isOlder(a: HeldPromise, b: HeldPromise): boolean {
  return a.term < b.term || (a.term === b.term && a.round < b.round);
}

function isSame(a: HeldPromise, b: HeldPromise): boolean {
  return a.term === b.term && a.round === b.round && a.incarnation === b.incarnation;
}

/** Whether giving up one round ends a promise. */
function covers(released: HeldPromise, promise: HeldPromise): boolean {
  return (
    promise.node === released.node &&
    promise.incarnation === released.incarnation &&
    promise.term === released.term &&
    promise.round <= released.round
  );
}
