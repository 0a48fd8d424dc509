/** Where a node keeps what it owns. */
export interface Directories {
  /** Identity: the certificate of the authority, this node's certificate and key. */
  readonly etc: string;
  /** State: the log and its snapshots. */
  readonly state: string;
  /** What a reboot may forget: sockets. */
  readonly run: string;
}

/** Directories of a packaged node. */
export const defaultDirectories: Directories = {
  etc: '/etc/holdfast',
  state: '/var/lib/holdfast',
  run: '/run/holdfast',
};

/** One network path on which this node can be reached: `net0=10.0.0.1:7400`. */
export interface LocalLink {
  readonly link: string;
  /** A numeric address: names are not looked up on the way of a heartbeat. */
  readonly host: string;
  readonly port: number;
}

/** What `holdfast cluster init` does: this node becomes the first member of a new cluster. */
export interface InitOptions {
  readonly directories: Directories;
  /** Name of the cluster. */
  readonly name: string;
  readonly node: string;
  /** At least one; two or more protect against the loss of a path. */
  readonly links: readonly LocalLink[];
  /** Text of a configuration file for the new cluster; already checked. */
  readonly config: string | undefined;
  /** Preset of the times, where `config` does not say it. */
  readonly profile: 'default' | 'fast';
}

export interface InitReport {
  readonly cluster: string;
  readonly clusterId: string;
  readonly node: string;
  readonly links: readonly LocalLink[];
  /** Fingerprint of the cluster's authority (SHA-256, hex). */
  readonly fingerprint: string;
  /** False where the very same cluster was there already. */
  readonly changed: boolean;
  /** What the new cluster does not protect against, one sentence each. */
  readonly warnings: readonly string[];
}

/** What `holdfast cluster join TOKEN` does: this node becomes a member of the token's cluster. */
export interface JoinOptions {
  readonly directories: Directories;
  readonly token: string;
  readonly node: string;
  readonly links: readonly LocalLink[];
  /** Gives up when no member has answered for so long. */
  readonly timeoutMs: number;
}

export interface JoinReport {
  readonly cluster: string;
  readonly clusterId: string;
  readonly node: string;
  readonly links: readonly LocalLink[];
  /** The member that signed this node's certificate. */
  readonly admittedBy: string;
  readonly changed: boolean;
}

/** What `holdfast cluster token` does: makes a token with which one node may join once. */
export interface TokenOptions {
  readonly directories: Directories;
  /** Path of the control socket. */
  readonly socket: string;
  readonly lifetimeMs: number;
  /** Who asked, for the events. */
  readonly by: string;
}

export interface TokenReport {
  /** The text to hand over: it is a secret until it is used. */
  readonly token: string;
  readonly tokenId: string;
  /** Wall clock, ms since 1970. */
  readonly untilMs: number;
}

/**
 * What `src/provision/local.ts` exports. A function rejects with a `LocalError` for anything that
 * the person who typed the command can mend.
 */
export interface LocalProvision {
  initCluster(options: InitOptions): Promise<InitReport>;
  joinCluster(options: JoinOptions): Promise<JoinReport>;
  createJoinToken(options: TokenOptions): Promise<TokenReport>;
}

/** Trouble with a local file, a token or a member that was asked; `code` gives the exit code. */
export class LocalError extends Error {
  override readonly name = 'LocalError';
  readonly code: LocalErrorCode;
  /** What to try next. */
  readonly hint: string | undefined;

  constructor(code: LocalErrorCode, message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.hint = hint;
  }
}

/** The codes of `src/api/requests.ts` that local work can end with. */
export type LocalErrorCode =
  | 'bad-request'
  | 'invalid-config'
  | 'exists'
  | 'not-found'
  | 'denied'
  | 'bad-token'
  | 'timeout'
  | 'unavailable'
  | 'disk'
  | 'internal';
