import { unreachable } from '../../base/assert.ts';
import { earliest, type Instant } from '../../base/instant.ts';
import type { Command } from '../../model/command.ts';
import { defaultOptions } from '../../model/config.ts';
import type { NodeId } from '../../model/ids.ts';
import { type DrainEffect, DrainReport } from '../membership/drain-report.ts';
import type { HeartToAgent, HeldPromise } from '../membership/heart-protocol.ts';
import { type LossEffect, type LossInput, LossRounds } from '../membership/loss.ts';
import { marginMs } from '../membership/margin.ts';
import type { MembershipMessage, MembershipSend } from '../membership/membership-message.ts';
import { PromiseBook, type PromiseEffect, type PromiseInput } from '../membership/promise-book.ts';
import { Takeover, type TakeoverInput } from '../membership/takeover.ts';
import { VoterChange, type VoterChangeInput } from '../membership/voter-change.ts';
import type { NodeContext, Unstamped } from './context.ts';
import type { DiskState } from './node-io.ts';

type HeartAnswer = HeartToAgent & { readonly kind: 'promised' | 'heard' | 'drained' };

/** Beside the silence of a voter that has just started (R8): room for its answer. */
const ROUND_ANSWER_MS = 5000;

/**
 * Routes the rules about loss between their machines, the log, the disk, the heart and the other nodes: R4 and R5 as a
 * voter, R6 and R7 as the leader, R15 as both.
 */
export class LossDuties {
  readonly #book: PromiseBook;
  readonly #rounds: LossRounds;
  readonly #takeover = new Takeover();
  readonly #voterChange = new VoterChange();
  readonly #drain: DrainReport;
  #leads = false;
  /** What this leader has to append and could not yet. */
  #owed: Unstamped<Command>[] = [];
  #toldMembers = '';
  #toldSelfStops = '';
  #toldConfiguration = -1;
  #toldVoters = -1;

  constructor(self: NodeId, disk: DiskState, detectMaxMs: number, now: Instant) {
    this.#book = new PromiseBook(disk.promises, now);
    this.#rounds = new LossRounds(self, detectMaxMs + ROUND_ANSWER_MS);
    this.#drain = new DrainReport(disk.floor);
  }

  get promises(): readonly HeldPromise[] {
    return this.#book.promises;
  }

  get floor(): number {
    return this.#drain.floor;
  }

  deadline(): Instant | undefined {
    return earliest(
      this.#book.deadline(),
      this.#rounds.deadline(),
      this.#takeover.deadline(),
      this.#voterChange.deadline(),
    );
  }

  /** R15, for the leader. */
  get mayChangeVoters(): boolean {
    return this.#voterChange.mayChange;
  }

  wake(context: NodeContext): void {
    this.#bookStep({ kind: 'wake' }, context);
    this.#roundsStep({ kind: 'wake' }, context);
    this.#takeoverStep({ kind: 'wake' }, context);
    this.#voterChangeStep({ kind: 'wake' }, context);
  }

  receive(from: NodeId, message: MembershipMessage, context: NodeContext): void {
    switch (message.kind) {
      case 'promise-request':
        return this.#bookStep({ kind: 'request', from, request: message }, context);
      case 'promise-release':
        return this.#bookStep({ kind: 'release', release: message }, context);
      case 'promise-response':
        return this.#roundsStep({ kind: 'response', from, response: message }, context);
      case 'done-query': {
        const { configuration } = message;
        return this.#drained(
          this.#drain.step({ kind: 'query', from, configuration }, context.now),
          context,
        );
      }
      case 'done-report': {
        const { configuration } = message;
        return this.#voterChangeStep({ kind: 'done', from, configuration }, context);
      }
      default:
        return unreachable(message);
    }
  }

  heartHello(promises: readonly HeldPromise[], context: NodeContext): void {
    this.#bookStep({ kind: 'heart-hello', promises }, context);
    this.#drained(this.#drain.step({ kind: 'heart-up' }, context.now), context);
  }

  heartSays(message: HeartAnswer, context: NodeContext): void {
    if (message.kind === 'drained') {
      const { configuration } = message;
      const effects = this.#drain.step({ kind: 'drained', configuration }, context.now);
      this.#drained(effects, context);
      return;
    }
    const { node, incarnation, term, round, kind } = message;
    this.#bookStep({ kind, promise: { node, incarnation, term, round } }, context);
  }

  viewChanged(context: NodeContext): void {
    if (context.view !== undefined) {
      this.#roundsStep({ kind: 'view', view: context.view }, context);
    }
  }

  roleChanged(
    isLeader: boolean,
    term: number,
    leader: NodeId | undefined,
    context: NodeContext,
  ): void {
    this.#bookStep({ kind: 'leader', leader }, context);
    if (isLeader === this.#leads) return;
    this.#leads = isLeader;
    this.#owed = []; // R6, R7: what follows from another leadership counts no more.
    this.#roundsStep(isLeader ? { kind: 'lead', term } : { kind: 'follow' }, context);
    this.#takeoverStep({ kind: isLeader ? 'lead' : 'follow' }, context);
    this.#voterChangeStep({ kind: isLeader ? 'lead' : 'follow' }, context);
  }

  /** An entry was applied; `command` if it is one that the state took. */
  applied(index: number, term: number, command: Command | undefined, context: NodeContext): void {
    const ended = command === undefined ? [] : endedBy(command);
    this.#bookStep({ kind: 'applied', index, term, ended }, context);
    for (const { node, incarnation } of ended) {
      if (command?.kind !== 'lost') {
        this.#takeoverStep({ kind: 'settled', node, incarnation }, context);
      }
    }
  }

  /** A snapshot of the leader took the place of the state: incarnations ended without an entry that was seen. */
  restored(index: number, term: number, context: NodeContext): void {
    const ended = context.state.members().map(({ node, incarnation, presence }) => ({
      node,
      incarnation: presence === 'joined' ? incarnation - 1 : incarnation,
    }));
    this.#bookStep({ kind: 'applied', index, term, ended }, context);
    this.snapshotKept(index, context);
  }

  /** A snapshot is on disk: what it says of ended incarnations survives a restart (R5c). */
  snapshotKept(index: number, context: NodeContext): void {
    this.#bookStep({ kind: 'reloads', index }, context);
  }

  /** Compares the applied state and the log with what the machines were told. */
  advance(context: NodeContext): void {
    this.#pay(context);
    this.#tellConfiguration(context);
    this.#tellMembers(context);
    this.#tellLost(context);
  }

  #tellConfiguration(context: NodeContext): void {
    const { configuration, configurationIndex, applied } = context.raft.configurationStatus();
    if (configurationIndex !== this.#toldConfiguration) {
      this.#toldConfiguration = configurationIndex;
      const { voters } = configuration;
      this.#roundsStep({ kind: 'voters', voters }, context);
      this.#voterChangeStep(
        { kind: 'configuration', configuration: configurationIndex, voters },
        context,
      );
    }
    if (configurationIndex > applied || configurationIndex === this.#toldVoters) return;
    this.#toldVoters = configurationIndex;
    const input = { kind: 'applied', configuration: configurationIndex } as const;
    this.#drained(this.#drain.step(input, context.now), context);
  }

  #tellMembers(context: NodeContext): void {
    const members = context.state
      .members()
      .filter((member) => member.presence === 'joined')
      .map(({ node, incarnation }) => ({ node, incarnation }));
    const text = members.map(({ node, incarnation }) => `${node} ${incarnation}`).join();
    if (text === this.#toldMembers) return;
    this.#toldMembers = text;
    this.#roundsStep({ kind: 'members', members }, context);
  }

  /** R7: from the applied entry on, S + m must pass, unless a fencing is what the policy waits for. */
  #tellLost(context: NodeContext): void {
    const options = context.state.config?.options ?? defaultOptions;
    const lost = context.state.members().filter((member) => member.presence === 'lost');
    const text = lost.map(({ node, incarnation }) => `${node} ${incarnation}`).join();
    if (text === this.#toldSelfStops) return;
    this.#toldSelfStops = text;
    const margin = marginMs(options.detectMaxMs, options.selfStopMs);
    this.#takeoverStep({ kind: 'margin', marginMs: margin }, context);
    for (const { node, incarnation, selfStopMs } of lost) {
      const byTime = options.takeover === 'lease' ? selfStopMs : undefined;
      this.#takeoverStep({ kind: 'lost', node, incarnation, selfStopMs: byTime }, context);
    }
  }

  #bookStep(input: PromiseInput, context: NodeContext): void {
    for (const effect of this.#book.step(input, context.now)) this.#promised(effect, context);
  }

  #promised(effect: PromiseEffect, context: NodeContext): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect, context);
      case 'heart':
        return context.toHeart(effect.message);
      case 'persist-promises':
        return this.#write(effect.ticket, effect.promises, context);
      default:
        return unreachable(effect);
    }
  }

  /** R4: the whole book at once. */
  #write(ticket: number, promises: readonly HeldPromise[], context: NodeContext): void {
    context.persist({ promises }, () => this.#bookStep({ kind: 'persisted', ticket }, context));
  }

  #roundsStep(input: LossInput, context: NodeContext): void {
    for (const effect of this.#rounds.step(input, context.now)) this.#lossEffect(effect, context);
  }

  #lossEffect(effect: LossEffect, context: NodeContext): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect, context);
      case 'append-lost': {
        const { node, incarnation } = effect;
        this.#takeoverStep({ kind: 'gathered', node, incarnation }, context);
        return this.#owe({ kind: 'lost', node, incarnation }, context);
      }
      case 'note':
        return context.emit({ kind: 'note', note: { kind: 'loss', note: effect.note } });
      default:
        return unreachable(effect);
    }
  }

  #takeoverStep(input: TakeoverInput, context: NodeContext): void {
    for (const { node, incarnation, by } of this.#takeover.step(input, context.now)) {
      const proof = by === 'time' ? 'lease' : 'fencing';
      this.#owe({ kind: 'down', node, incarnation, proof }, context);
    }
  }

  /** Appends now, or as soon as this leader can: a hand-over of leadership that fails takes entries again. */
  #owe(command: Unstamped<Command>, context: NodeContext): void {
    this.#owed.push(command);
    this.#pay(context);
  }

  #pay(context: NodeContext): void {
    while (this.#leads && this.#owed[0] !== undefined) {
      if (context.append(this.#owed[0]) === undefined) return;
      this.#owed.shift();
    }
  }

  #voterChangeStep(input: VoterChangeInput, context: NodeContext): void {
    for (const effect of this.#voterChange.step(input, context.now)) {
      if (effect.kind === 'send') this.#send(effect, context);
    }
  }

  #drained(effects: readonly DrainEffect[], context: NodeContext): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.#send(effect, context);
          break;
        case 'heart':
          context.toHeart(effect.message);
          break;
        case 'persist-floor': {
          const { floor } = effect;
          context.persist({ floor }, () => {
            this.#drained(this.#drain.step({ kind: 'persisted', floor }, context.now), context);
            this.#bookStep({ kind: 'reloads', index: floor }, context);
          });
          break;
        }
        default:
          unreachable(effect);
      }
    }
  }

  /** To itself it takes the same path inside (R4: the leader's own voice obeys the same rule). */
  #send({ to, message }: MembershipSend, context: NodeContext): void {
    if (to === context.self) this.receive(to, message, context);
    else context.send(to, { kind: 'loss', message });
  }
}

/** Incarnations that a command of the log ended. */
function endedBy(
  command: Command,
): readonly { readonly node: NodeId; readonly incarnation: number }[] {
  switch (command.kind) {
    case 'lost':
    case 'down':
    case 'leave':
      return [{ node: command.node, incarnation: command.incarnation }];
    case 'join':
      return [{ node: command.node, incarnation: command.previous }];
    default:
      return [];
  }
}
