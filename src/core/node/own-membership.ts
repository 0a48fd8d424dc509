import { unreachable } from '../../base/assert.ts';
import { defaultOptions } from '../../model/config.ts';
import type { NodeId } from '../../model/ids.ts';
import type { MemberAddress, MemberStatus } from '../../model/status.ts';
import type { MemberFact } from '../membership/heart-protocol.ts';
import type { NodeContext } from './context.ts';
import type { Wants } from './wants.ts';

type Phase =
  /** The heart has not spoken yet. */
  | { readonly kind: 'waiting-for-heart' }
  /** It has told what it holds; the log decides whether that still counts. */
  | { readonly kind: 'heart-known'; readonly incarnation: number }
  /** R12: before a join everything of the former incarnation is put down. */
  | { readonly kind: 'putting-down'; readonly then: 'join' | 'leave'; readonly former: number }
  | { readonly kind: 'down' }
  | { readonly kind: 'joining'; readonly previous: number }
  | { readonly kind: 'member'; readonly incarnation: number }
  | { readonly kind: 'leaving'; readonly incarnation: number }
  /** All is down and the log is to say that this node has left. */
  | { readonly kind: 'asking-leave' }
  | { readonly kind: 'left' };

/** This node's own way into the cluster and out of it. */
export class OwnMembership {
  readonly #addresses: readonly MemberAddress[];
  readonly #wants: Wants;
  #phase: Phase = { kind: 'waiting-for-heart' };

  constructor(addresses: readonly MemberAddress[], wants: Wants) {
    this.#addresses = addresses;
    this.#wants = wants;
  }

  /** The incarnation that this node works under; 0 while it is no member. */
  get incarnation(): number {
    const phase = this.#phase;
    return phase.kind === 'member' || phase.kind === 'leaving' ? phase.incarnation : 0;
  }

  get hasLeft(): boolean {
    return this.#phase.kind === 'left';
  }

  /** A heart is there: the one that was there before, one that took over its memory, or a new one. */
  heartHello(incarnation: number, context: NodeContext): void {
    if (this.#phase.kind === 'left') return;
    this.#phase = { kind: 'heart-known', incarnation };
    this.advance(context);
  }

  /** `retired`: up to this incarnation no gate opens again. Only that answers what was asked (R12). */
  allDown(retired: number, context: NodeContext): void {
    if (this.#phase.kind !== 'putting-down' || retired < this.#phase.former) return;
    if (this.#phase.then === 'leave') {
      this.#phase = { kind: 'asking-leave' };
      this.#askLeave(context);
    } else {
      this.#phase = { kind: 'down' };
    }
    this.advance(context);
  }

  /** Everything moves away first; then it puts down what is left and says so. */
  leave(context: NodeContext): void {
    if (this.#phase.kind !== 'member') return;
    const { incarnation } = this.#phase;
    const { self: node, wallMs: atMs } = context;
    this.#phase = { kind: 'leaving', incarnation };
    this.#wants.add(
      `leaving ${incarnation}`,
      { kind: 'leaving', node, incarnation, on: true, atMs },
      (state) => state.leaving.includes(node) || state.member(node)?.presence !== 'joined',
      context.now,
    );
    this.advance(context);
  }

  /** Looks at the applied state after every change. */
  advance(context: NodeContext): void {
    const member = context.state.member(context.self);
    if (member === undefined || context.state.config === undefined) return;
    switch (this.#phase.kind) {
      case 'waiting-for-heart':
        return;
      case 'heart-known':
        return this.#compare(this.#phase.incarnation, member, context);
      case 'down':
        return this.#askJoin(member, context);
      case 'joining':
        if (member.incarnation !== this.#phase.previous) this.#joined(member, context);
        return;
      case 'member':
      case 'leaving':
        return this.#stay(member, context);
      case 'putting-down':
        return;
      case 'asking-leave':
        // Lost meanwhile is as good: nothing runs here, and nobody waits for this node.
        if (member.presence === 'joined') return;
        this.#phase = { kind: 'left' };
        context.emit({ kind: 'end', reason: 'this node has left the cluster' });
        return;
      case 'left':
        return;
      default:
        return unreachable(this.#phase);
    }
  }

  /**
   * The members' facts for the heart. Of this node itself only what this incarnation may rely on: a heart that
   * began after a reboot must not take up an incarnation that ended with the power (R12).
   */
  facts(context: NodeContext): readonly MemberFact[] {
    return context.state
      .members()
      .filter((member) => member.incarnation > 0)
      .filter((member) => member.node !== context.self || this.#isOurs(member))
      .map((member) => ({
        node: member.node,
        incarnation: member.incarnation,
        lost: member.presence !== 'joined',
      }));
  }

  #isOurs(member: MemberStatus): boolean {
    return member.incarnation === this.incarnation || member.presence !== 'joined';
  }

  #compare(known: number, member: MemberStatus, context: NodeContext): void {
    if (known !== 0 && member.incarnation < known) return; // The log is not applied that far yet.
    if (known !== 0 && member.incarnation === known && member.presence === 'joined') {
      this.#phase = { kind: 'member', incarnation: known };
      context.emit({ kind: 'note', note: { kind: 'member', incarnation: known } });
      return;
    }
    this.#putDown('join', known, context);
  }

  #stay(member: MemberStatus, context: NodeContext): void {
    const { kind } = this.#phase;
    if (member.incarnation !== this.incarnation || member.presence !== 'joined') {
      this.#putDown('join', this.incarnation, context);
    } else if (kind === 'leaving' && context.state.leaving.includes(context.self)) {
      if (this.#hasDuties(context)) return; // They move away first.
      this.#putDown('leave', this.incarnation, context);
    }
  }

  #hasDuties(context: NodeContext): boolean {
    const { instances, orders } = context.state.facts();
    const isOurs = (node: NodeId): boolean => node === context.self;
    return (
      instances.some((status) => isOurs(status.node) && status.assignment !== undefined) ||
      orders.some((order) => isOurs(order.node))
    );
  }

  #putDown(then: 'join' | 'leave', former: number, context: NodeContext): void {
    this.#phase = { kind: 'putting-down', then, former };
    context.toHeart({ kind: 'put-down' });
  }

  #askJoin(member: MemberStatus, context: NodeContext): void {
    const previous = member.incarnation;
    this.#phase = { kind: 'joining', previous };
    context.emit({ kind: 'note', note: { kind: 'join-asked', previous } });
    this.#wants.add(
      `join ${previous}`,
      {
        kind: 'join',
        node: context.self,
        previous,
        addresses: this.#addresses,
        selfStopMs: context.state.config?.options.selfStopMs ?? defaultOptions.selfStopMs,
        version: context.version,
        atMs: context.wallMs,
      },
      (state) => state.member(context.self)?.incarnation !== previous,
      context.now,
    );
  }

  #joined(member: MemberStatus, context: NodeContext): void {
    this.#phase = { kind: 'member', incarnation: member.incarnation };
    context.emit({ kind: 'note', note: { kind: 'member', incarnation: member.incarnation } });
  }

  #askLeave(context: NodeContext): void {
    const incarnation = context.state.member(context.self)?.incarnation ?? 0;
    this.#wants.add(
      `leave ${incarnation}`,
      { kind: 'leave', node: context.self, incarnation, atMs: context.wallMs },
      (state) => state.member(context.self)?.presence !== 'joined',
      context.now,
    );
  }
}
