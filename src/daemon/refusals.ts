import type { NodeId } from '../model/ids.ts';
import type { StreamRefusal } from '../runtime/net/stream-contract.ts';

/** The same refusal is told again after so long. */
const TELL_AGAIN_MS = 600_000;

const words: Readonly<Record<StreamRefusal, string>> = {
  'no-certificate': 'it showed no certificate',
  'foreign-authority': 'its certificate is of another cluster',
  'certificate-expired': 'its certificate has expired',
  'certificate-not-yet-valid': 'its certificate is not valid yet: a clock is wrong',
  'no-identity': 'its certificate names no node',
  'other-cluster': 'it belongs to another cluster',
  'not-a-member': 'it is no member of the cluster (any more)',
  'certificate-replaced': 'it has joined anew since, with another certificate',
  'own-identity':
    'it shows the name of the node that it calls: a copied machine, or a wrong address',
  'wrong-peer': 'it is another node than the one that was called',
  'wrong-protocol': 'it speaks another protocol: another version, or another program',
};

/** What helps the node that was refused. */
const advice: Partial<Readonly<Record<StreamRefusal, string>>> = {
  'not-a-member': 'to join again, move its directories away and use a new token',
  'certificate-replaced': 'to join again, move its directories away and use a new token',
  'certificate-expired': 'remove it and let it join anew',
};

/** Refused streams, in words and without repeating itself. */
export class Refusals {
  readonly #now: () => number;
  readonly #toldAt = new Map<string, number>();
  /** Peers that refuse this node at present. */
  readonly #byPeer = new Map<NodeId, StreamRefusal>();

  /** `now`: monotonic, in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** This node refused somebody. The line for the journal, if it is news. */
  refused(claimed: NodeId | undefined, host: string, refusal: StreamRefusal): string | undefined {
    if (!this.#isNews(`to ${claimed} ${host} ${refusal}`)) return undefined;
    return `refused a stream with ${claimed ?? 'a stranger'} at ${host}: ${words[refusal]}`;
  }

  /** A peer refused this node. The line for the journal, if it is news. */
  refusedBy(peer: NodeId, refusal: StreamRefusal): string | undefined {
    this.#byPeer.set(peer, refusal);
    return this.#isNews(`by ${peer} ${refusal}`)
      ? `${peer} refuses this node: ${explained(refusal)}`
      : undefined;
  }

  /** A stream with the peer is there. */
  accepted(peer: NodeId): void {
    this.#byPeer.delete(peer);
  }

  /** What `status` says of it, one sentence per kind. */
  get trouble(): readonly string[] {
    const peersOf = new Map<StreamRefusal, NodeId[]>();
    for (const [peer, refusal] of this.#byPeer) {
      peersOf.set(refusal, [...(peersOf.get(refusal) ?? []), peer]);
    }
    return [...peersOf].map(([refusal, peers]) => {
      const who = peers.toSorted().join(', ');
      return `${who} ${peers.length > 1 ? 'refuse' : 'refuses'} this node: ${explained(refusal)}`;
    });
  }

  #isNews(key: string): boolean {
    const now = this.#now();
    for (const [known, at] of this.#toldAt) {
      if (at <= now - TELL_AGAIN_MS) this.#toldAt.delete(known);
    }
    if (this.#toldAt.has(key)) return false;
    this.#toldAt.set(key, now);
    return true;
  }
}

function explained(refusal: StreamRefusal): string {
  const help = advice[refusal];
  return help === undefined ? words[refusal] : `${words[refusal]}; ${help}`;
}
