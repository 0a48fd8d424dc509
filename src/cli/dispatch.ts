import { Config } from '@oclif/core/config';
import type { Plugin } from '@oclif/core/interfaces';
import { nearestWord } from '../base/nearest-word.ts';
import { VERSION } from '../model/version.ts';
import { aliases, type CommandClass, commandTable } from './command-table.ts';
import { WAIT_DEFAULT } from './flags.ts';
import { UserError } from './user-error.ts';

/** A command line, divided. */
export type CommandLine =
  | { readonly kind: 'command'; readonly words: string; readonly rest: readonly string[] }
  /** Help on a command, a noun or a topic; undefined: on the whole. */
  | { readonly kind: 'help'; readonly about: string }
  | { readonly kind: 'version' };

/** The framework wants a place; nothing is read from it. */
const root: string = import.meta.dirname;

const helpFlags: readonly string[] = ['--help', '-h'];

/** Finds the command of a command line. Throws a `UserError` with the nearest command. */
export function readCommandLine(argv: readonly string[]): CommandLine {
  if (argv[0] === '--version' || argv[0] === '-V' || argv[0] === 'version') {
    return { kind: 'version' };
  }
  const words = argv.filter((word) => !word.startsWith('-'));
  if (argv.length === 0 || argv[0] === 'help') {
    return { kind: 'help', about: words.slice(argv[0] === 'help' ? 1 : 0).join(' ') };
  }
  const flagsEnd = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const wantsHelp = argv.slice(0, flagsEnd).some((word) => helpFlags.includes(word));
  for (const count of [2, 1]) {
    const name = argv.slice(0, count).join(' ');
    const real = aliases.get(name) ?? name;
    if (!commandTable.has(real)) continue;
    if (wantsHelp) return { kind: 'help', about: real };
    return { kind: 'command', words: real, rest: withWaitTimes(argv.slice(count)) };
  }
  const noun = argv[0] ?? '';
  if (wantsHelp && (words.length === 0 || verbsOf(noun).length > 0)) {
    return { kind: 'help', about: verbsOf(noun).length > 0 ? noun : '' };
  }
  throw unknownCommand(argv);
}

/** `--wait` alone waits for the usual time. */
function withWaitTimes(rest: readonly string[]): readonly string[] {
  const end = rest.includes('--') ? rest.indexOf('--') : rest.length;
  return rest.map((word, i) => (word === '--wait' && i < end ? `--wait=${WAIT_DEFAULT}` : word));
}

/** The verbs of a noun, such as `standby` of `node`. */
export function verbsOf(noun: string): readonly string[] {
  return [...commandTable.keys()]
    .filter((words) => words.startsWith(`${noun} `))
    .map((words) => words.slice(noun.length + 1));
}

function unknownCommand(argv: readonly string[]): UserError {
  const [noun = '', verb] = argv;
  const verbs = verbsOf(noun);
  if (verbs.length > 0) {
    const hint = `holdfast ${noun} ${nearestWord(verb ?? '', verbs) ?? verbs.join('|')}`;
    if (verb === undefined || verb.startsWith('-')) {
      return new UserError('bad-request', `holdfast ${noun}: a verb is missing`, hint);
    }
    return new UserError('bad-request', `holdfast ${noun} has no verb '${verb}'`, hint);
  }
  const whole = verb === undefined ? noun : `${noun} ${verb}`;
  const words = [...commandTable.keys(), ...aliases.keys()];
  const nouns = words.map((name) => name.split(' ')[0] ?? name);
  const near = nearestWord(whole, words) ?? nearestWord(noun, nouns);
  const hint = `holdfast ${near === undefined ? 'help' : (aliases.get(near) ?? near)}`;
  return new UserError('bad-request', `there is no command '${noun}'`, hint);
}

/** Runs the command of a command line. */
export async function dispatch(argv: readonly string[]): Promise<void> {
  const line = readCommandLine(argv);
  switch (line.kind) {
    case 'version':
      process.stdout.write(`holdfast ${VERSION}\n`);
      return;
    case 'help': {
      const { showHelp } = await import('./help.ts');
      await showHelp(line.about);
      return;
    }
    case 'command':
      await runCommand(line.words, line.rest);
  }
}

/** Loads a command class by its words. */
export async function loadCommand(words: string): Promise<CommandClass> {
  const load = commandTable.get(words);
  if (load === undefined) throw new Error(`no command ${words}`);
  const command = (await load()).default as CommandClass;
  command.id = words.replaceAll(' ', ':');
  return command;
}

async function runCommand(words: string, rest: readonly string[]): Promise<void> {
  const command = await loadCommand(words);
  const config = await Config.load({
    root: root,
    plugins: new Map([['holdfast', plugin()]]),
  });
  await command.run([...rest], config);
}

/** All that the framework wants to know of a program whose commands are found here. */
function plugin(): Plugin {
  const [name, version] = ['holdfast', VERSION];
  return {
    _base: '',
    alias: name,
    commandIDs: [],
    commands: [],
    commandsDir: undefined,
    findCommand: (): never => {
      throw new Error('commands are found by the dispatcher');
    },
    hasManifest: false,
    hooks: {},
    isRoot: true,
    load: async () => {},
    moduleType: 'module',
    name,
    options: { root: root },
    pjson: { name, version, oclif: { bin: name, dirname: name, topicSeparator: ' ' } },
    root: root,
    topics: [],
    type: 'core',
    valid: true,
    version,
  };
}
