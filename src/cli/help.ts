import { exitCodeTable } from '../api/exit-codes.ts';
import { nearestWord } from '../base/nearest-word.ts';
import type { CommandClass } from './command-table.ts';
import { commandTable } from './command-table.ts';
import { loadCommand, verbsOf } from './dispatch.ts';
import { helpTopics } from './help-topics.ts';
import { screenWidth } from './invoker.ts';
import { wrap } from './render/safe-text.ts';
import { UserError } from './user-error.ts';

/** Prints help on everything, a noun, a command or a topic. */
export async function showHelp(about: string): Promise<void> {
  process.stdout.write(`${(await helpText(about, screenWidth())).join('\n')}\n`);
}

export async function helpText(about: string, width: number): Promise<readonly string[]> {
  if (about === '') return overview(width);
  if (commandTable.has(about)) return commandHelp(about, await loadCommand(about), width);
  if (verbsOf(about).length > 0) return nounHelp(about, width);
  if (about === 'exit-codes') return exitCodeLines();
  const topic = helpTopics.get(about);
  if (topic !== undefined) return topic.flatMap((line) => wrap(line, width));
  const known = [...commandTable.keys(), ...helpTopics.keys(), 'exit-codes'];
  const near = nearestWord(about, known);
  const hint = near === undefined ? 'holdfast help' : `holdfast help ${near}`;
  throw new UserError('bad-request', `there is no help on '${about}'`, hint);
}

async function overview(width: number): Promise<readonly string[]> {
  const topics = [...helpTopics.keys(), 'exit-codes'].join(', ');
  return [
    'holdfast keeps services running on some of several nodes.',
    '',
    'usage: holdfast NOUN VERB [NAME] [--json] [--wait[=60s]] [--dry-run]',
    '',
    ...(await summaries([...commandTable.keys()], width)),
    '',
    'holdfast help COMMAND tells more; further topics:',
    ...wrap(topics, width - 2).map((line) => `  ${line}`),
  ];
}

async function nounHelp(noun: string, width: number): Promise<readonly string[]> {
  const names = verbsOf(noun).map((verb) => `${noun} ${verb}`);
  return [`usage: holdfast ${noun} VERB`, '', ...(await summaries(names, width))];
}

async function summaries(names: readonly string[], width: number): Promise<readonly string[]> {
  const column = Math.max(...names.map((name) => name.length)) + 4;
  const lines: string[] = [];
  for (const name of names) {
    const { summary = '' } = await loadCommand(name);
    const [first = '', ...rest] = wrap(summary, width - column);
    lines.push(`  ${name.padEnd(column - 2)}${first}`);
    lines.push(...rest.map((line) => ' '.repeat(column) + line));
  }
  return lines;
}

function commandHelp(name: string, command: CommandClass, width: number): readonly string[] {
  const args = Object.entries(command.args ?? {});
  const flags = flagEntries(command);
  const places = args.map(([arg, { required }]) => {
    const word = arg.toUpperCase();
    return required ? word : `[${word}]`;
  });
  const usage =
    typeof command.usage === 'string'
      ? command.usage
      : [name, ...places, ...(flags.length > 0 ? ['[flags]'] : [])].join(' ');
  return [
    ...wrap(command.summary ?? '', width),
    ...(command.description === undefined ? [] : wrap(command.description, width)),
    '',
    `usage: holdfast ${usage}`,
    ...entries(
      args.map(([arg, { description }]) => [arg.toUpperCase(), description ?? '']),
      width,
    ),
    ...(flags.length === 0 ? [] : ['', 'flags:']),
    ...entries(flags, width),
    ...(command.examples.length === 0 ? [] : ['', 'examples:']),
    ...command.examples.map((example) => `  holdfast ${String(example)}`),
  ];
}

function flagEntries(command: CommandClass): readonly (readonly [string, string])[] {
  const own = Object.entries(command.flags ?? {}).map(([name, flag]): readonly [string, string] => {
    const char = flag.char === undefined ? '' : `-${flag.char}, `;
    const value = flag.type === 'option' ? valueText(flag.helpValue) : '';
    const choices = flag.type === 'option' && flag.options ? ` (${flag.options.join(', ')})` : '';
    return [`${char}--${name}${value}`, `${flag.description ?? ''}${choices}`];
  });
  const json: readonly [string, string] = ['--json', 'print the result as JSON'];
  return command.enableJsonFlag ? [...own, json] : own;
}

function valueText(helpValue: unknown): string {
  if (typeof helpValue !== 'string') return ' VALUE';
  return helpValue.startsWith('[=') ? helpValue : ` ${helpValue}`;
}

function entries(rows: readonly (readonly [string, string])[], width: number): readonly string[] {
  const column = Math.min(34, Math.max(0, ...rows.map(([name]) => name.length)) + 4);
  return rows.flatMap(([name, text]) => {
    const [first = '', ...rest] = wrap(text, Math.max(20, width - column));
    const head =
      name.length + 3 <= column
        ? [`  ${name.padEnd(column - 2)}${first}`]
        : [`  ${name}`, ' '.repeat(column) + first];
    return [...head, ...rest.map((line) => ' '.repeat(column) + line)];
  });
}

function exitCodeLines(): readonly string[] {
  return exitCodeTable.map(([code, meaning]) => `${String(code).padStart(4)}  ${meaning}`);
}
