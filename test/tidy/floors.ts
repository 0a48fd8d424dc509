/** What one folder of `src/` may know; docs/architecture.md shows the same table to people. */
export interface Floor {
  /** Below `src/`. */
  readonly folder: string;
  /** Folders that it may import, all below them too. */
  readonly imports: readonly string[];
  /** Folders of which it may import types alone. */
  readonly types?: readonly string[];
  /** Folders that it may load by dynamic import, and import types of. */
  readonly loads?: readonly string[];
  /** Packages of the lock file. */
  readonly packages?: readonly string[];
  /** True where nothing of the outside world may be named: see `bannedNames`. */
  readonly isPure: boolean;
}

const ground: readonly string[] = ['base', 'model'];

/** From the bottom up. A folder may always import itself, and never a folder that comes later. */
export const floors: readonly Floor[] = [
  { folder: 'base', imports: [], isPure: true },
  { folder: 'model', imports: ['base'], packages: ['yaml', 'zod'], isPure: true },
  ...['membership', 'raft', 'store', 'scheduler', 'transition', 'executor'].map((machine) => ({
    folder: `core/${machine}`,
    imports: ground,
    isPure: true,
  })),
  { folder: 'api', imports: ground, isPure: true },
  { folder: 'core/node', imports: [...ground, 'core', 'api'], isPure: true },
  { folder: 'driver', imports: [...ground, 'core/node', 'api'], isPure: true },
  {
    folder: 'runtime',
    imports: [...ground, 'driver'],
    types: ['core'],
    packages: ['@peculiar/x509', 'dbus-native', 'reflect-metadata'],
    isPure: false,
  },
  { folder: 'sim', imports: [...ground, 'api', 'core', 'driver'], isPure: false },
  {
    folder: 'heart',
    imports: [...ground, 'core/membership', 'driver', 'runtime'],
    types: ['core/node'],
    isPure: false,
  },
  {
    folder: 'daemon',
    imports: [...ground, 'api', 'core/node', 'driver', 'runtime', 'heart/channel-messages.ts'],
    types: ['core'],
    isPure: false,
  },
  {
    folder: 'import',
    imports: [...ground, 'core/scheduler'],
    packages: ['fast-xml-parser'],
    isPure: false,
  },
  { folder: 'client', imports: [...ground, 'api'], isPure: false },
  {
    folder: 'provision',
    imports: [...ground, 'api', 'client', 'core/store', 'runtime'],
    types: ['core'],
    packages: ['ssh2'],
    isPure: false,
  },
  {
    folder: 'tui',
    imports: [...ground, 'api', 'client'],
    packages: ['ink', 'react'],
    isPure: false,
  },
  {
    folder: 'cli',
    imports: [...ground, 'api', 'client', 'provision/local-types.ts'],
    loads: ['provision', 'tui', 'heart', 'import'],
    packages: ['@oclif/core'],
    isPure: false,
  },
];

/** What no pure floor may name, and what it takes instead. */
export const bannedNames: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /(?<![.\w])(?:set|clear)(?:Timeout|Interval|Immediate)\b/, instead: 'deadline()' },
  { pattern: /(?<![.\w])queueMicrotask\b/, instead: 'an effect' },
  { pattern: /(?<![.\w])Date\b/, instead: 'the Instant that step() is given' },
  { pattern: /(?<![.\w])performance\b/, instead: 'the Instant that step() is given' },
  { pattern: /\bMath\.random\b/, instead: 'the Prng of the constructor' },
  { pattern: /(?<![.\w])crypto\b(?!:)/, instead: 'the Prng of the constructor' },
  { pattern: /(?<![.\w])process\.\w/, instead: 'an input' },
  { pattern: /(?<![.\w])console\b/, instead: 'a note effect' },
  { pattern: /(?<![.\w])fetch\(/, instead: 'an effect' },
  { pattern: /\b(?:async|await)\b(?!:)/, instead: 'an effect and its answer as an input' },
  { pattern: /\bPromise\b(?=[<.(])/, instead: 'an effect and its answer as an input' },
  { pattern: /(?<![.\w])WeakRef\b/, instead: 'a Map' },
  { pattern: /(?<![.\w])Intl\b/, instead: 'order by code unit (base/order.ts)' },
  { pattern: /\.localeCompare\b/, instead: 'order by code unit (base/order.ts)' },
];
