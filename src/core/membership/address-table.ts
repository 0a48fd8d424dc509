import { addMs, type Instant } from '../../base/instant.ts';
import type { HeartEffect } from './heart-machine.ts';
import type { HeldAddress } from './heart-protocol.ts';
import { never } from './never.ts';

/** The kernel's grain for address lifetimes is 1 s: a renewal may come late by two rounds of this. */
const renewMs = 300;

interface Request {
  readonly agentRequest: number;
  /** Which connection of the agent asked; the answer is for no other. */
  readonly connection: number;
  readonly held: HeldAddress;
  readonly action: 'set' | 'remove';
}

/** An answer that the agent waits for. */
export interface AddressAnswer {
  readonly request: number;
  readonly connection: number;
}

/**
 * The floating addresses that this heart holds: each has a short kernel lifetime that is renewed only while the lease
 * stands, so that a host frozen as a whole loses them by itself.
 */
export class AddressTable {
  #held: readonly HeldAddress[];
  #renewAt: Instant;
  #nextRequest = 1;
  readonly #requests = new Map<number, Request>();

  constructor(held: readonly HeldAddress[], now: Instant) {
    this.#held = held;
    this.#renewAt = held.length > 0 ? now : never;
  }

  get held(): readonly HeldAddress[] {
    return this.#held;
  }

  /** When the next renewal is due. */
  get due(): Instant {
    return this.#renewAt;
  }

  /** The caller has checked the gate (R11) and remembers the table before the effect is carried out. */
  set(agentRequest: number, connection: number, held: HeldAddress, now: Instant): HeartEffect {
    this.#held = [...this.#held.filter((other) => !sameAddress(other, held)), held];
    if (this.#renewAt === never) this.#renewAt = addMs(now, renewMs);
    const request = this.#note({ agentRequest, connection, held, action: 'set' });
    return { kind: 'set-address', request, held };
  }

  /** Also for an address that is not in the table: it may be there from earlier. */
  remove(agentRequest: number, connection: number, held: HeldAddress): HeartEffect {
    this.#drop(held);
    const request = this.#note({ agentRequest, connection, held, action: 'remove' });
    return { kind: 'remove-address', request, held };
  }

  /** The answer to give, and what to do if the gate was shut while the address was being set. */
  done(
    request: number,
    error: string | undefined,
  ): { readonly answer: AddressAnswer | undefined; readonly undo: HeartEffect | undefined } {
    const noted = this.#requests.get(request);
    if (noted === undefined) return { answer: undefined, undo: undefined };
    this.#requests.delete(request);
    const answer = { request: noted.agentRequest, connection: noted.connection };
    if (noted.action === 'remove') return { answer, undo: undefined };
    if (error !== undefined) {
      this.#drop(noted.held);
      return { answer, undo: undefined };
    }
    if (this.#held.includes(noted.held)) return { answer, undo: undefined };
    const undo = {
      kind: 'remove-address',
      request: this.#nextRequest++,
      held: noted.held,
    } as const;
    return { answer, undo };
  }

  /** All held addresses once more, in one effect; undefined if it is not yet time. */
  renew(now: Instant): HeartEffect | undefined {
    if (now < this.#renewAt) return undefined;
    this.#renewAt = addMs(now, renewMs);
    return { kind: 'renew-addresses', held: this.#held };
  }

  /** The gate is shut and everything is away. */
  clear(): void {
    this.#held = [];
    this.#renewAt = never;
  }

  #note(request: Request): number {
    const number = this.#nextRequest;
    this.#nextRequest += 1;
    this.#requests.set(number, request);
    return number;
  }

  #drop(held: HeldAddress): void {
    this.#held = this.#held.filter((other) => !sameAddress(other, held));
    if (this.#held.length === 0) this.#renewAt = never;
  }
}

function sameAddress(a: HeldAddress, b: HeldAddress): boolean {
  return a.instance === b.instance && a.address === b.address && a.device === b.device;
}
