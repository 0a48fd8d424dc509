/** Words that appear in status, and what they mean; and what to read at three in the morning. */
export const helpTopics: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'words',
    [
      'Nodes: online: runs resources. standby: runs nothing, stays a member. maintenance: nothing is changed there. leaving: everything moves away, then it leaves. silent: not heard by this node. lost: a majority of the voters does not hear it; its resources may still run there. down: lost, and proven that nothing runs there any more. left: went by itself after putting all down. absent: known, never joined.',
      '',
      'Resources: running, starting, stopping, stopped, failed (an operation failed or it died; it is being recovered), blocked (its stop failed: nobody knows whether it runs, so it starts nowhere; holdfast resource cleanup), unknown (it ran on a node that is lost).',
      '',
      'Votes: leader: decides for all. voter: its vote counts. learner: runs resources, no vote. witness: votes, runs nothing. quorum: a majority of the voters.',
    ],
  ],
  [
    'protection',
    [
      'Without a fence device or watchdog, a node that loses the others stops its resources by itself, and they start elsewhere after that time has passed for certain.',
      '',
      'One case remains: a host that freezes as a whole and wakes up later. Floating addresses end by themselves in its kernel. Other resources may go on for a moment after the thaw, and write to shared storage. A fence device or a watchdog closes this gap.',
    ],
  ],
  [
    'files',
    [
      '/etc/holdfast: certificate and key of the node. /var/lib/holdfast: its log and snapshots. /run/holdfast/agent.sock: the control socket, for root and the group holdfast. The journal is the log: journalctl -u holdfast.',
      '',
      'Environment: HOLDFAST_SOCKET (another control socket), NO_COLOR (no colours).',
    ],
  ],
]);
