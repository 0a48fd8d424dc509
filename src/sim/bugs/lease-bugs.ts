import { addMs, instant } from '../../base/instant.ts';
import { Lease } from '../../core/membership/lease.ts';
import { Voter } from '../../core/membership/voter.ts';
import { acting, type Bug, replaceMethod, replacingBug } from './bug.ts';

const longAgo = instant(-1_000_000_000);

/** Mistakes of the lease's two sides: who counts what (R1, R2), who grants what (R3, R4, R8). */
export const leaseBugs: readonly Bug[] = [
  replacingBug(
    {
      name: 'ack-after-promise',
      rule: 'R4',
      what: 'a voter goes on acking an incarnation that it has promised away',
      seedsMax: 40,
      nodes: 3,
      kinds: ['flapping', 'pair cut'],
    },
    () => [
      replaceMethod(
        Voter.prototype,
        'refusal',
        (original) =>
          function (this: Voter, from, packet) {
            const refusal = original.call(this, from, packet);
            return refusal?.kind === 'promised' ? undefined : refusal;
          },
      ),
    ],
  ),
  replacingBug(
    {
      name: 'lease-from-receipt',
      rule: 'R2',
      what: 'the lease counts from the receipt of the ack, not from the sending of the heartbeat',
      seedsMax: 25,
      kinds: ['late, then cut'],
    },
    () => [
      replaceMethod(
        Lease.prototype,
        'acked',
        (original) =>
          function (this: Lease, from, incarnation, sequence, sentAt, grantMs) {
            original.call(this, from, incarnation, sequence, acting.now ?? sentAt, grantMs);
          },
      ),
    ],
  ),
  replacingBug(
    {
      name: 'learner-counts',
      rule: 'R2',
      what: 'a learner grants, and its ack counts as that of a voter',
      seedsMax: 8,
      nodes: 4,
      kinds: ['isolated', 'partition'],
    },
    () => [
      replaceMethod(
        Voter.prototype,
        'refusal',
        (original) =>
          function (this: Voter, from, packet) {
            const refusal = original.call(this, from, packet);
            return refusal?.kind === 'not-voter' ? undefined : refusal;
          },
      ),
      replaceMethod(
        Lease.prototype,
        'acked',
        (original) =>
          function (this: Lease, from, incarnation, sequence, sentAt, grantMs) {
            const { voters } = this;
            const other = voters.find((voter) => voter !== acting.self);
            const counted = voters.includes(from) || other === undefined ? from : other;
            original.call(this, counted, incarnation, sequence, sentAt, grantMs);
          },
      ),
    ],
  ),
  replacingBug(
    {
      name: 'lease-by-oneself',
      rule: 'R2',
      what: 'a voter takes its own voice for a majority',
      seedsMax: 8,
      kinds: ['isolated'],
    },
    () => [
      replaceMethod(
        Lease.prototype,
        'adopt',
        (original) =>
          function (this: Lease, configuration, voters) {
            const self = voters.filter((voter) => voter === acting.self);
            return original.call(this, configuration, self.length > 0 ? self : voters);
          },
      ),
    ],
  ),
  replacingBug(
    {
      name: 'shortest-grant',
      rule: 'R3',
      what: 'a voter honours the shortest D that it grants, not the longest',
      seedsMax: 40,
      nodes: 3,
      kinds: ['late packets', 'isolated'],
    },
    () => [
      replaceMethod(
        Voter.prototype,
        'granted',
        (original) =>
          function (this: Voter, to, incarnation, until) {
            const shortest = addMs(acting.now ?? until, 500);
            return original.call(this, to, incarnation, shortest < until ? shortest : until);
          },
      ),
    ],
  ),
  replacingBug(
    {
      name: 'no-silence',
      rule: 'R4',
      what: 'a voter promises at once, while its grant still runs',
      seedsMax: 8,
      nodes: 3,
      kinds: ['one way cut', 'mute'],
    },
    () => [
      replaceMethod(
        Voter.prototype,
        'granted',
        (original) =>
          function (this: Voter, to, incarnation) {
            return original.call(this, to, incarnation, longAgo);
          },
      ),
    ],
  ),
  replacingBug(
    {
      name: 'promise-against-the-log',
      rule: 'R3',
      what: 'a voter acks an incarnation that its applied log calls lost',
      seedsMax: 20,
      nodes: 3,
      kinds: ['one way cut'],
    },
    () => [
      replaceMethod(
        Voter.prototype,
        'refusal',
        (original) =>
          function (this: Voter, from, packet) {
            const refusal = original.call(this, from, packet);
            const isLost = refusal?.kind === 'lost' || refusal?.kind === 'promised';
            return isLost && packet.incarnation > 0 ? undefined : refusal;
          },
      ),
    ],
  ),
  replacingBug(
    {
      name: 'old-set-counts',
      rule: 'R14',
      what: 'a voter grants to a holder that counts by an older voter set',
      seedsMax: 200,
      nodes: 4,
      kinds: ['voters change', 'pair cut', 'isolated', 'partition'],
    },
    () => [
      replaceMethod(
        Voter.prototype,
        'refusal',
        (original) =>
          function (this: Voter, from, packet) {
            const refusal = original.call(this, from, packet);
            const isOld = refusal?.kind === 'newer-configuration' || refusal?.kind === 'not-voter';
            return isOld ? undefined : refusal;
          },
      ),
    ],
  ),
  replacingBug(
    {
      name: 'next-change-too-early',
      rule: 'R15',
      what: 'a voter reports that it is done with a set while older grants run',
      seedsMax: 300,
      nodes: 6,
      kinds: ['voters change', 'flapping', 'partition', 'late packets'],
    },
    () => [
      replaceMethod(
        Voter.prototype,
        'drained',
        (original) =>
          function (this: Voter, now) {
            return original.call(this, addMs(now, 60_000));
          },
      ),
    ],
  ),
];
