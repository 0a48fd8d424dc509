/** What became of the datagrams of one run; numbers that only grow. */
export interface DatagramCounters {
  sent: number;
  received: number;
  /** The kernel refused to send: address or route gone, cable down. Trouble of that path only. */
  sendFailed: number;
  /** Not sent: the link's socket is not bound, or its queue is full. */
  notSent: number;
  /** A link's socket could not be bound to its address, or broke. */
  bindFailed: number;
  /** Too short, too long, or of another program or version. */
  dropMalformed: number;
  dropForeignCluster: number;
  /** Sealed with a generation that is not accepted (any more). */
  dropUnknownKey: number;
  /** Not meant for this node. */
  dropMisaddressed: number;
  /** Came over another link than it was sealed for. */
  dropWrongLink: number;
  /** No member has the sender's number, or it is this node's own. */
  dropUnknownSender: number;
  /** From an earlier run of the sender. */
  dropOldRun: number;
  /** Seen before, or too far behind. */
  dropReplayed: number;
  /** The seal does not fit. */
  dropForged: number;
  /** Genuine, but its content is no packet: another version of this program, or a bug. */
  dropUndecodable: number;
}

export function noDatagrams(): DatagramCounters {
  return {
    sent: 0,
    received: 0,
    sendFailed: 0,
    notSent: 0,
    bindFailed: 0,
    dropMalformed: 0,
    dropForeignCluster: 0,
    dropUnknownKey: 0,
    dropMisaddressed: 0,
    dropWrongLink: 0,
    dropUnknownSender: 0,
    dropOldRun: 0,
    dropReplayed: 0,
    dropForged: 0,
    dropUndecodable: 0,
  };
}
