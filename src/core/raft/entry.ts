import type { NodeId } from '../../model/ids.ts';

/** Who votes and who only receives the log. A node is in one of the lists at most. */
export interface RaftConfiguration {
  /** Their votes and acknowledgements count. Raft does not tell a witness from another voter. */
  readonly voters: readonly NodeId[];
  /** They receive the log and never vote, campaign or count. */
  readonly learners: readonly NodeId[];
}

/** A record of the log. Indexes start at 1 and have no gaps; terms never fall along the log. */
export type Entry = { readonly index: number; readonly term: number } & (
  | NoOpContent
  | CommandContent
  | ConfigurationContent
);

/** Appended by each new leader, so that something of its own term can be committed. */
export interface NoOpContent {
  readonly kind: 'no-op';
}

/** Work for the state machine: a JSON value that Raft does not look into. */
export interface CommandContent {
  readonly kind: 'command';
  readonly command: unknown;
}

/** The whole new configuration, in force on a node once the entry is in its log (dissertation 4.1). */
export interface ConfigurationContent {
  readonly kind: 'configuration';
  readonly configuration: RaftConfiguration;
}

export type EntryContent = NoOpContent | CommandContent | ConfigurationContent;

/** The state after `index`; it stands for all entries up to there (dissertation 5.1). */
export interface RaftSnapshot {
  readonly index: number;
  readonly term: number;
  /** The configuration in force at `index`. */
  readonly configuration: RaftConfiguration;
  /** The index of the entry that brought the configuration; 0 for the one a node was started with. */
  readonly configurationIndex: number;
  /** The state machine's state in its own text form. It is cut into pieces when it is sent. */
  readonly data: string;
}
