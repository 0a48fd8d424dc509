import { compareText } from '../../base/order.ts';
import type { LinkId, NodeId } from '../../model/ids.ts';
import { betterLink, type LinkCandidate, linksToTry } from './link-choice.ts';
import { counts } from './peer-certificate.ts';
import type { StreamConnection } from './stream-connection.ts';
import type { StreamEnd, StreamLimits, StreamLink, StreamMember } from './stream-contract.ts';

/** A call that is under way. */
export interface Dial {
  readonly link: LinkId;
  readonly cancel: () => void;
}

export interface StreamPeerCallbacks {
  /** Calls an address of the peer. Ends with `dialled`, or with `dialFailed`, but not within this call. */
  readonly dial: (to: StreamLink) => Dial;
  readonly onUp: (link: LinkId) => void;
  readonly onDown: (end: StreamEnd) => void;
}

/**
 * The connections to one peer. Both nodes may call; the one with the smaller name, the *chooser*, says with `use` which
 * connection both use, so that there is no tie to break. The other calls only when the chooser did not for a while.
 *
 * A link that goes down ends the stream on it at once. A move to a better link makes the new connection first.
 */
export class StreamPeer {
  readonly node: NodeId;
  readonly #chooser: boolean;
  readonly #limits: StreamLimits;
  readonly #callbacks: StreamPeerCallbacks;
  #member: StreamMember;
  readonly #links = new Map<LinkId, { up: boolean | undefined; rttMs: number | undefined }>();
  /** All whose end was not reported yet, the active one too. */
  readonly #connections = new Set<StreamConnection>();
  #active: StreamConnection | undefined;
  /** When the present or last active connection became it. */
  #activatedAtMs = Number.NEGATIVE_INFINITY;
  #dial: Dial | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Attempts since a stream was there or a link came up. */
  #attempts = 0;
  /** Since when which link is better than the active one. */
  #better: { readonly link: LinkId; readonly sinceMs: number } | undefined;
  #closed = false;

  constructor(
    self: NodeId,
    member: StreamMember,
    limits: StreamLimits,
    callbacks: StreamPeerCallbacks,
  ) {
    this.node = member.node;
    this.#chooser = compareText(self, member.node) < 0;
    this.#member = member;
    this.#limits = limits;
    this.#callbacks = callbacks;
  }

  /** Starts calling. */
  start(): void {
    this.#retryIn(this.#chooser ? 0 : this.#limits.yieldMs);
  }

  get active(): StreamConnection | undefined {
    return this.#active;
  }

  /** Whether a connection is still there, in whatever state. */
  get open(): boolean {
    return this.#connections.size > 0;
  }

  /** New addresses, or another certificate: connections that do not fit any more are ended. */
  update(member: StreamMember): void {
    this.#member = member;
    for (const connection of [...this.#connections]) {
      if (!counts(connection.fingerprint, member)) connection.cut('removed');
    }
    if (this.#active === undefined && this.#dial === undefined) this.start();
  }

  /** What the heart sees of a link to this peer. */
  linkState(link: LinkId, up: boolean, rttMs: number | undefined): void {
    const before = this.#links.get(link)?.up;
    this.#links.set(link, { up, rttMs });
    if (up === before) return;
    if (up) this.#cameUp();
    else this.#wentDown(link);
  }

  /** A call succeeded: the peer accepted this node. */
  dialled(connection: StreamConnection): void {
    this.#dial = undefined;
    this.#attempts = 0;
    this.#connections.add(connection);
    if (!this.#chooser) return; // The peer will say `use`, unless it has a better one.
    const moving = this.#active !== undefined;
    if (moving && this.#better?.link !== connection.link) connection.finish('replaced');
    else this.#choose(connection);
  }

  dialFailed(refused: boolean): void {
    this.#dial = undefined;
    const { retryMinMs, retryMaxMs, refusedRetryMs } = this.#limits;
    const grown = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#attempts, 16));
    const delay = (refused ? refusedRetryMs : grown) * (0.5 + 0.5 * Math.random());
    this.#attempts += 1;
    if (this.#active === undefined) this.#retryIn(delay);
  }

  /**
   * The peer called. It does so when it has no connection, so an older one here is dead or dying; but where both called
   * at once, the peer is about to drop this one for the one that was chosen just now.
   */
  accepted(connection: StreamConnection): void {
    this.#connections.add(connection);
    const crossed = performance.now() - this.#activatedAtMs < this.#limits.yieldMs;
    if (this.#chooser && this.#active !== undefined && crossed) {
      connection.finish('replaced');
      return;
    }
    connection.sendWelcome();
    if (this.#chooser) this.#choose(connection);
  }

  /** The chooser said `use`. */
  used(connection: StreamConnection): void {
    if (this.#chooser) connection.cut('malformed');
    else this.#activate(connection);
  }

  ended(connection: StreamConnection, end: StreamEnd): void {
    this.#connections.delete(connection);
    if (this.#active !== connection) {
      // One that never came into use: without another way there would be no next attempt.
      const idle = this.#active ?? this.#dial ?? this.#retry;
      if (idle === undefined) this.#retryIn(this.#limits.yieldMs);
      return;
    }
    this.#active = undefined;
    this.#better = undefined;
    if (this.#closed) return;
    this.#callbacks.onDown(end);
    // Both ends see it at about the same time: one calls at once, the other if nothing comes of that.
    const patience = end === 'link-down' ? 2 * this.#limits.retryMinMs : this.#limits.yieldMs;
    this.#retryIn(this.#chooser ? 0 : patience);
  }

  /** About once a second: checks connections, and whether a better link has settled. */
  check(nowMs: number, stalled: boolean): void {
    for (const connection of [...this.#connections]) {
      if (stalled) connection.forgive(nowMs);
      else connection.check(nowMs);
    }
    if (this.#chooser && this.#active !== undefined) this.#considerMove(this.#active, nowMs);
  }

  close(end: 'removed' | 'shutdown'): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#dial?.cancel();
    this.#dial = undefined;
    for (const connection of [...this.#connections]) {
      if (end === 'shutdown') connection.finish(end);
      else connection.cut(end);
    }
  }

  /** Cuts what did not end by itself after `close`. */
  abandon(): void {
    for (const connection of [...this.#connections]) connection.cut('shutdown');
  }

  #cameUp(): void {
    this.#attempts = 0;
    if (this.#active !== undefined || this.#dial !== undefined) return;
    this.#retryIn(this.#chooser ? 0 : this.#limits.yieldMs);
  }

  #wentDown(link: LinkId): void {
    if (this.#dial?.link === link) {
      this.#dial.cancel();
      this.#dial = undefined;
      this.#retryIn(0);
    }
    for (const connection of [...this.#connections]) {
      if (connection.link === link) connection.cut('link-down');
    }
  }

  #choose(connection: StreamConnection): void {
    connection.sendUse();
    this.#activate(connection);
  }

  #activate(connection: StreamConnection): void {
    if (this.#active === connection) return;
    const others = [...this.#connections].filter((other) => other !== connection);
    this.#active = connection;
    this.#activatedAtMs = performance.now();
    this.#better = undefined;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#dial?.cancel();
    this.#dial = undefined;
    for (const other of others) other.finish('replaced');
    this.#callbacks.onUp(connection.link);
  }

  #considerMove(active: StreamConnection, nowMs: number): void {
    const link = betterLink(active.link, this.#candidates());
    if (link === undefined) this.#better = undefined;
    else if (this.#better?.link !== link) this.#better = { link, sinceMs: nowMs };
    const settled = this.#better && nowMs - this.#better.sinceMs >= this.#limits.settleMs;
    if (link !== undefined && settled && this.#dial === undefined) this.#dialOn(link);
  }

  #retryIn(delayMs: number): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#try(), delayMs);
  }

  #try(): void {
    this.#retry = undefined;
    if (this.#active !== undefined || this.#dial !== undefined) return;
    const order = linksToTry(this.#candidates());
    const link = order[this.#attempts % order.length];
    if (link !== undefined) this.#dialOn(link);
  }

  #dialOn(link: LinkId): void {
    const address = this.#member.addresses.find((known) => known.link === link);
    if (address !== undefined) this.#dial = this.#callbacks.dial(address);
  }

  #candidates(): readonly LinkCandidate[] {
    return this.#member.addresses.map(({ link }) => {
      const { up, rttMs } = this.#links.get(link) ?? {};
      return { link, up, rttMs };
    });
  }
}
