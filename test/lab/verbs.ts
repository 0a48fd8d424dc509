import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { startBurners } from './burners.ts';
import { exitCodeOf } from './command.ts';
import type { Host } from './host.ts';
import { Lab } from './lab.ts';
import { LabUsageError } from './lab-error.ts';
import type { ObserverReport } from './observation.ts';
import type { Direction } from './topology.ts';

/** One verb: how it is called, and what it does. Resolves with the exit code. */
interface Verb {
  readonly usage: string;
  readonly help: string;
  readonly options: ParseArgsOptionsConfig;
  run(input: Input): Promise<number>;
}

/** The words of a command line. */
class Input {
  readonly #usage: string;
  readonly #words: readonly string[];
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(usage: string, words: readonly string[], options: Readonly<Record<string, unknown>>) {
    this.#usage = usage;
    this.#words = words;
    this.#options = options;
  }

  /** Checks the number of words. */
  expect(min: number, max: number): void {
    const { length } = this.#words;
    if (length < min || length > max) throw new LabUsageError(`usage: lab ${this.#usage}`);
  }

  word(index: number): string {
    return this.#words[index] ?? '';
  }

  after(index: number): readonly string[] {
    return this.#words.slice(index);
  }

  flag(name: string): boolean {
    return this.#options[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#options[name];
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : numberOf(value, `--${name}`);
  }

  direction(): Direction {
    const value = this.text('direction') ?? 'both';
    if (value === 'both' || value === 'in' || value === 'out') return value;
    throw new LabUsageError(`--direction ${value}: want both, in or out`);
  }
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

const verbs: Readonly<Record<string, Verb>> = {
  up: {
    usage: 'up NAME [--hosts 3|a,b,c] [--links 2] [--mtu 1500]',
    help: 'make a lab, with all hosts on',
    options: { hosts: text, links: text, mtu: text },
    run: up,
  },
  down: {
    usage: 'down NAME | down --all | down --stale',
    help: 'remove a lab and all that is left of it, crashed or not',
    options: { all: flag, stale: flag },
    run: down,
  },
  list: {
    usage: 'list [--json]',
    help: 'the labs of this user',
    options: { json: flag },
    run: list,
  },
  exec: {
    usage: 'exec NAME HOST COMMAND…',
    help: 'run a command on a host (HOST client: outside the cluster)',
    options: {},
    run: exec,
  },
  poweroff: hostVerb('poweroff', 'take the power away, at once', (host) => host.powerOff()),
  poweron: hostVerb('poweron', 'boot a host that is off', (host) => host.powerOn()),
  freeze: hostVerb('freeze', 'stop all processes of a host', (host) => host.freeze()),
  thaw: hostVerb('thaw', 'let a frozen host go on', (host) => host.thaw()),
  cut: {
    usage: 'cut NAME HOST LINK [--direction both|in|out]',
    help: 'cut a cable, wholly or in one direction (seen from the host)',
    options: { direction: text },
    run: cut,
  },
  heal: {
    usage: 'heal NAME [HOST [LINK]]',
    help: 'undo cuts and loss of a cable, of a host, or every fault of the network',
    options: {},
    run: heal,
  },
  partition: {
    usage: 'partition NAME HOST,HOST HOST,…',
    help: 'split the network into groups (client may be named, too)',
    options: {},
    run: partition,
  },
  loss: {
    usage: 'loss NAME HOST LINK PERCENT [--direction both|in|out]',
    help: 'lose packets of a cable at random; 0 ends it',
    options: { direction: text },
    run: loss,
  },
  observe: {
    usage: 'observe NAME ADDRESS[:PORT] --seconds N [--json]',
    help: 'poll an address from outside: who answers, gaps, two owners at once',
    options: { seconds: text, json: flag },
    run: observe,
  },
  burn: {
    usage: 'burn --seconds N [--processes N]',
    help: "use up the machine's processor time",
    options: { seconds: text, processes: text },
    run: burn,
  },
};

/** Runs one command line. Throws LabUsageError and LabError, with one line for the person who typed it. */
export async function runVerb(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = argv;
  if (name === 'help' || name === '--help') return help();
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) {
    throw new LabUsageError(`no verb "${name}": ${Object.keys(verbs).join(', ')}`);
  }
  // What follows the host of `exec` belongs to the command, options and all.
  const own = name === 'exec' && rest[2] !== '--' ? rest.toSpliced(2, 0, '--') : rest;
  return verb.run(parse(verb, own));
}

function parse(verb: Verb, args: readonly string[]): Input {
  try {
    const { options } = verb;
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    return new Input(verb.usage, parsed.positionals, parsed.values);
  } catch (error) {
    const [line] = (error as Error).message.split('. ');
    throw new LabUsageError(`${line}; usage: lab ${verb.usage}`);
  }
}

function numberOf(value: string, what: string): number {
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (Number.isFinite(number)) return number;
  throw new LabUsageError(`${what} ${value}: want a number`);
}

function hostVerb(name: string, help: string, act: (host: Host) => Promise<void>): Verb {
  const run = async (input: Input): Promise<number> => {
    input.expect(2, 2);
    await act(Lab.attach(input.word(0)).host(input.word(1)));
    return 0;
  };
  return { usage: `${name} NAME HOST`, help, options: {}, run };
}

async function up(input: Input): Promise<number> {
  input.expect(1, 1);
  const wanted = input.text('hosts') ?? '3';
  const hosts = /^\d+$/.test(wanted) ? Number(wanted) : wanted.split(',');
  const links = input.number('links') ?? 2;
  const mtu = input.number('mtu') ?? 1500;
  const lab = await Lab.up({ name: input.word(0), hosts, links, mtu });
  for (const host of lab.hosts) {
    const addresses = Array.from({ length: links }, (_, link) => host.address(link));
    print(`${host.name.padEnd(12)} ${addresses.join('  ')}`);
  }
  return 0;
}

async function down(input: Input): Promise<number> {
  const all = input.flag('all');
  const stale = input.flag('stale');
  input.expect(all || stale ? 0 : 1, all || stale ? 0 : 1);
  if (stale) await Lab.downStale();
  if (all) for (const { name } of Lab.list()) await Lab.down(name);
  if (all || stale) return 0;
  if (!(await Lab.down(input.word(0)))) print(`there was no lab "${input.word(0)}"`);
  return 0;
}

async function list(input: Input): Promise<number> {
  input.expect(0, 0);
  const labs = Lab.list();
  if (input.flag('json')) {
    print(JSON.stringify(labs));
    return 0;
  }
  for (const lab of labs) {
    const hosts = lab.hosts.map(({ name, state }) => `${name} ${state}`).join(', ');
    const { cuts, losses, partition } = lab.faults;
    const faults = [
      ...cuts.map((cut) => `cut ${cut.host} ${cut.link} ${cut.direction}`),
      ...losses.map((loss) => `loss ${loss.host} ${loss.link} ${loss.direction} ${loss.percent} %`),
      ...(partition.length > 0
        ? [`partition ${partition.map((group) => group.join(',')).join(' | ')}`]
        : []),
    ];
    const words = lab.stale ? ['stale', ...faults] : faults;
    print([`${lab.name}: ${hosts}; ${lab.links} links`, ...words].join('; '));
  }
  return 0;
}

async function exec(input: Input): Promise<number> {
  input.expect(3, Number.POSITIVE_INFINITY);
  const lab = Lab.attach(input.word(0));
  const argv = input.after(2);
  const [host] = input.after(1);
  if (host === 'client') {
    const result = await lab.execOutside(argv);
    process.stdout.write(result.stdout);
    process.stderr.write(result.stderr);
    return exitCodeOf(result);
  }
  const running = lab.host(input.word(1)).spawn(argv, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => running.kill(signal));
  }
  return exitCodeOf(await running.ended);
}

async function cut(input: Input): Promise<number> {
  input.expect(3, 3);
  const link = numberOf(input.word(2), 'LINK');
  const direction = input.direction();
  await Lab.attach(input.word(0)).cut(input.word(1), link, { direction });
  return 0;
}

async function heal(input: Input): Promise<number> {
  input.expect(1, 3);
  const [, host, link] = input.after(0);
  const number = link === undefined ? undefined : numberOf(link, 'LINK');
  await Lab.attach(input.word(0)).heal(host, number);
  return 0;
}

async function partition(input: Input): Promise<number> {
  input.expect(3, Number.POSITIVE_INFINITY);
  const groups = input.after(1).map((group) => group.split(','));
  await Lab.attach(input.word(0)).partition(groups);
  return 0;
}

async function loss(input: Input): Promise<number> {
  input.expect(4, 4);
  const link = numberOf(input.word(2), 'LINK');
  const percent = numberOf(input.word(3), 'PERCENT');
  const direction = input.direction();
  await Lab.attach(input.word(0)).loss(input.word(1), link, percent, { direction });
  return 0;
}

async function observe(input: Input): Promise<number> {
  input.expect(2, 2);
  const seconds = secondsOf(input);
  const { address, port } = targetOf(input.word(1));
  const observer = await Lab.attach(input.word(0)).observe({ address, port });
  const stopped = Promise.withResolvers<void>();
  const timer = setTimeout(stopped.resolve, seconds * 1000);
  process.once('SIGINT', () => stopped.resolve());
  process.once('SIGTERM', () => stopped.resolve());
  await stopped.promise;
  clearTimeout(timer);
  const report = await observer.stop();
  print(input.flag('json') ? JSON.stringify(report) : reportText(report));
  return 0;
}

async function burn(input: Input): Promise<number> {
  input.expect(0, 0);
  const seconds = secondsOf(input);
  const count = input.number('processes');
  if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= 1024)) {
    throw new LabUsageError(`--processes ${count}: want 1 to 1024`);
  }
  const burners = startBurners({ seconds, ...(count === undefined ? {} : { count }) });
  const stopped = Promise.withResolvers<void>();
  const timer = setTimeout(stopped.resolve, seconds * 1000);
  process.once('SIGINT', () => stopped.resolve());
  process.once('SIGTERM', () => stopped.resolve());
  await stopped.promise;
  clearTimeout(timer);
  burners.stop();
  return 0;
}

function secondsOf(input: Input): number {
  const seconds = input.number('seconds');
  if (seconds === undefined) throw new LabUsageError('--seconds N is missing');
  if (seconds > 0 && seconds <= 86_400) return seconds;
  throw new LabUsageError(`--seconds ${seconds}: want more than 0, at most 86400`);
}

/** Takes `10.77.0.9`, `10.77.0.9:80`, `fd77::9` and `[fd77::9]:80` apart. */
function targetOf(word: string): { readonly address: string; readonly port: number } {
  const match =
    /^\[([0-9a-f:]+)\](?::(\d+))?$/.exec(word) ??
    /^(\d+\.\d+\.\d+\.\d+)(?::(\d+))?$/.exec(word) ??
    /^([0-9a-f]*:[0-9a-f:]*)$/.exec(word);
  const port = Number(match?.[2] ?? 80);
  if (match === null || port < 1 || port > 65_535) {
    throw new LabUsageError(`"${word}": want ADDRESS or ADDRESS:PORT ([ADDRESS]:PORT for IPv6)`);
  }
  return { address: match[1] ?? '', port };
}

function reportText(report: ObserverReport): string {
  const counts = (numbers: Readonly<Record<string, number>>): string =>
    Object.entries(numbers)
      .map(([key, number]) => `${key} ${number}`)
      .join(', ') || 'none';
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const lines = [
    `polls        ${report.polls} in ${(report.durationMs / 1000).toFixed(1)} s`,
    `answers      ${counts(report.answers)}`,
    `failures     ${counts(report.failures)}`,
    `ARP answers  ${counts(report.arpReplies)}`,
    `longest gap  ${ms(report.longestGapMs)} (own stall up to ${ms(report.ownStallMaxMs)})`,
    ...report.gaps.map(
      (gap) =>
        `gap          at ${ms(gap.startMs)} for ${ms(gap.durationMs)}: ${gap.before} -> ${gap.after ?? 'none'}`,
    ),
    ...report.overlaps.map(
      (overlap) =>
        `TWO OWNERS   ${overlap.hosts.join(' and ')} from ${ms(overlap.startMs)} to ${ms(overlap.endMs)} (${overlap.evidence})`,
    ),
  ];
  return lines.join('\n');
}

function help(): number {
  print('Hosts on one machine, in namespaces.\n');
  for (const verb of Object.values(verbs)) print(`lab ${verb.usage}\n    ${verb.help}`);
  return 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
