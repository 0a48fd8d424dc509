import type { Instant } from '../../base/instant.ts';
import { sortedBy } from '../../base/order.ts';
import type { NodeId } from '../../model/ids.ts';
import type { GrantBounds } from './grant.ts';
import type { HeartNote } from './heart-machine.ts';
import type { HeartPeer, PeerView } from './heart-protocol.ts';
import { never, sooner } from './never.ts';
import { PeerWatch } from './peer-watch.ts';

/** All peers of this node, in the order of their names. */
export class Peers {
  #byNode = new Map<NodeId, PeerWatch>();
  #list: readonly PeerWatch[] = [];
  #hears: readonly NodeId[] = [];
  /** No verdict can be due before; packets only move it later, so it may be early. */
  #due: Instant = never;

  /** In the order of their names. */
  get list(): readonly PeerWatch[] {
    return this.#list;
  }

  /** Names of those that are heard at present. */
  get hears(): readonly NodeId[] {
    return this.#hears;
  }

  /** When a peer may turn silent or a link down. */
  get due(): Instant {
    return this.#due;
  }

  get(node: NodeId): PeerWatch | undefined {
    return this.#byNode.get(node);
  }

  /** Keeps what is known of those that stay. Tells whether a peer or a link is new. */
  configure(self: NodeId, peers: readonly HeartPeer[], now: Instant): boolean {
    let grown = false;
    const next = new Map<NodeId, PeerWatch>();
    for (const peer of sortedBy(peers, (item) => item.node)) {
      if (peer.node === self) continue;
      const watch = this.#byNode.get(peer.node) ?? new PeerWatch(peer.node, now);
      const links = peer.addresses.map((address) => address.link);
      grown = watch.setLinks(links, now) || grown;
      next.set(peer.node, watch);
    }
    this.#byNode = next;
    this.#list = [...next.values()];
    this.changed(now);
    return grown;
  }

  /** This node was admitted anew: it may have been cut off, so what it did not hear says nothing of the others. */
  renewed(): void {
    for (const peer of this.#list) peer.grant.renewed();
  }

  /** Somebody turned up, or a link did: what is heard and when to look are worked out again. */
  changed(now: Instant): void {
    this.#hears = this.#list.filter((peer) => peer.heard).map((peer) => peer.node);
    this.#due = now;
  }

  /** Finds who turned silent and which links went down by now. */
  check(now: Instant, bounds: GrantBounds): readonly HeartNote[] {
    if (now < this.#due) return [];
    const notes: HeartNote[] = [];
    let due = never;
    for (const peer of this.#list) {
      if (peer.check(now, bounds)) notes.push({ kind: 'peer-silent', peer: peer.node });
      due = sooner(due, peer.due(bounds));
      for (const watch of peer.links) {
        if (watch.check(now, bounds.intervalMs)) {
          notes.push({ kind: 'link-down', peer: peer.node, link: watch.link });
        }
        due = sooner(due, watch.due(bounds.intervalMs));
      }
    }
    if (notes.length > 0) this.changed(now);
    this.#due = due;
    return notes;
  }

  /** This node slept itself until now. */
  stalled(now: Instant): void {
    for (const peer of this.#list) peer.stalled(now);
  }

  view(now: Instant, bounds: GrantBounds): readonly PeerView[] {
    return this.#list.map((peer) => peer.view(now, bounds));
  }
}
