import type { Instant } from '../../../src/base/instant.ts';
import type { Machine } from '../../../src/base/machine.ts';
import { Prng } from '../../../src/base/prng.ts';
import type {
  RaftEffect,
  RaftInput,
  RaftStart,
  RaftWrite,
} from '../../../src/core/raft/contract.ts';
import type { RaftConfiguration } from '../../../src/core/raft/entry.ts';
import { Raft } from '../../../src/core/raft/raft.ts';
import type { RaftSettings } from '../../../src/core/raft/settings.ts';
import type { NodeId } from '../../../src/model/ids.ts';
import { TestDisk } from './test-disk.ts';
import { TestMachine } from './test-machine.ts';

/** A deliberate bug: wraps the machine, what it reads at its start, or what it writes. */
export interface Mutation {
  readonly name: string;
  start?(start: RaftStart): RaftStart;
  write?(write: RaftWrite): RaftWrite;
  wrap?(machine: Machine<RaftInput, RaftEffect>, node: TestNode): Machine<RaftInput, RaftEffect>;
}

export interface PendingWrite {
  readonly ticket: number;
  readonly write: RaftWrite;
}

/** One node: its disk outlives its process. */
export class TestNode {
  readonly id: NodeId;
  readonly disk: TestDisk = new TestDisk();
  readonly #configuration: RaftConfiguration;
  readonly #settings: RaftSettings;
  readonly #mutation: Mutation | undefined;
  /** Handed to the disk and not written yet. */
  writes: PendingWrite[] = [];
  machine: TestMachine = new TestMachine();
  #raft: Raft | undefined;
  #stepped: Machine<RaftInput, RaftEffect> | undefined;
  /** Grows with each start: what was meant for an earlier process finds nobody. */
  incarnation = 0;

  constructor(
    id: NodeId,
    configuration: RaftConfiguration,
    settings: RaftSettings,
    mutation?: Mutation,
  ) {
    this.id = id;
    this.#configuration = configuration;
    this.#settings = settings;
    this.#mutation = mutation;
  }

  get raft(): Raft | undefined {
    return this.#raft;
  }

  get isUp(): boolean {
    return this.#raft !== undefined;
  }

  start(seed: number, now: Instant): void {
    const read: RaftStart = {
      self: this.id,
      ...this.disk.read(),
      configuration: this.#configuration,
      settings: this.#settings,
      prng: new Prng(seed),
    };
    this.incarnation += 1;
    this.writes = [];
    this.machine = new TestMachine();
    if (this.disk.snapshot !== undefined) this.machine.restore(this.disk.snapshot);
    this.#raft = new Raft(this.#mutation?.start?.(read) ?? read, now);
    this.#stepped = this.#mutation?.wrap?.(this.#raft, this) ?? this.#raft;
  }

  /** The process ends; the first `written` of its pending writes still reach the disk. */
  crash(written: number): void {
    for (const { write } of this.writes.slice(0, written)) this.store(write);
    this.writes = [];
    this.#raft = undefined;
    this.#stepped = undefined;
  }

  store(write: RaftWrite): void {
    this.disk.write(this.#mutation?.write?.(write) ?? write);
  }

  deadline(): Instant | undefined {
    return this.#stepped?.deadline();
  }

  step(input: RaftInput, now: Instant): readonly RaftEffect[] {
    if (this.#stepped === undefined) return [];
    const effects = this.#stepped.step(input, now);
    for (const effect of effects) {
      if (effect.kind === 'persist') this.writes.push(effect);
    }
    this.#raft?.assertInvariants();
    return effects;
  }
}
