import { addMs, type Instant, latest, msBetween } from '../../base/instant.ts';
import type { Prng } from '../../base/prng.ts';
import type { RaftSettings } from './settings.ts';

/**
 * A node that does not lead: when it last heard a leader, and when it will campaign.
 * All randomness of elections is here: timeouts differ so that votes are rarely split (3.4).
 */
export class LeaderWatch {
  readonly #settings: RaftSettings;
  readonly #prng: Prng;
  /** When a leader was last heard; undefined before the first time. */
  #heardAt: Instant | undefined;
  /** The heart says that the leader is silent: nothing is owed to it any more. */
  #isSilent = false;
  #campaignAt: Instant;

  constructor(settings: RaftSettings, prng: Prng, campaignAt: Instant) {
    this.#settings = settings;
    this.#prng = prng;
    this.#campaignAt = campaignAt;
  }

  get campaignAt(): Instant {
    return this.#campaignAt;
  }

  /** A voter that hears its leader refuses candidates: a node that returns disturbs nobody (4.2.3). */
  isHeard(now: Instant): boolean {
    if (this.#isSilent || this.#heardAt === undefined) return false;
    return msBetween(this.#heardAt, now) < this.#settings.electionMinMs;
  }

  /** A message of the leader came. */
  heard(now: Instant): void {
    this.#heardAt = now;
    this.#isSilent = false;
    this.rearm(now);
  }

  /** A whole election timeout from now. */
  rearm(now: Instant): void {
    const { electionMinMs, electionMaxMs } = this.#settings;
    this.#campaignAt = addMs(now, this.#prng.integer(electionMinMs, electionMaxMs));
  }

  /**
   * Another try soon: everyone has answered and nobody has won, so there is nothing to wait for
   * but that the next tries differ.
   */
  retry(now: Instant): void {
    const { electionMinMs } = this.#settings;
    this.#campaignAt = addMs(now, this.#prng.integer(electionMinMs / 10, electionMinMs / 2));
  }

  /** A pre-vote was refused. Where the heart lost the leader, the others will soon know it too. */
  preVoteLost(now: Instant): void {
    if (this.#isSilent) this.retry(now);
  }

  /** This node must be elected, since no other can: soon, but not together with a like one. */
  hurry(now: Instant): void {
    const at = addMs(now, this.#prng.integer(0, this.#settings.electionMinMs / 10));
    if (at < this.#campaignAt) this.#campaignAt = at;
  }

  /** The heart lost the leader: campaign at once, but for a delay that keeps peers apart. */
  leaderSilent(now: Instant): void {
    if (this.#isSilent) return;
    this.#isSilent = true;
    this.hurry(now);
  }

  /** The heart hears the leader again: the hint is taken back. */
  leaderHeard(now: Instant): void {
    if (!this.#isSilent) return;
    this.#isSilent = false;
    this.rearm(now);
  }

  /** Another node is about to be elected: leave it the time. */
  giveWay(now: Instant): void {
    const until = addMs(now, this.#settings.electionMinMs / 4);
    this.#campaignAt = latest(this.#campaignAt, until);
  }
}
