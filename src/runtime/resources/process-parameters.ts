import { constants } from 'node:os';
import { splitWords } from './words.ts';

/** What a resource of class `process` is told. */
export interface ProcessParameters {
  readonly argv: readonly string[];
  readonly user: string | undefined;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly ready: ReadyCheck | undefined;
  readonly stopSignal: NodeJS.Signals;
}

/** How a started process shows that it works. */
export type ReadyCheck =
  | { readonly kind: 'port'; readonly host: string; readonly port: number }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'command'; readonly argv: readonly string[] };

/** Reads the parameters, or says in words what is wrong with them. */
export function readProcessParameters(
  parameters: Readonly<Record<string, string>>,
): ProcessParameters | string {
  const { command, user, directory = '/', shell = 'no' } = parameters;
  if (command === undefined || command.trim() === '') return 'command is missing';
  const argv = shell === 'yes' ? ['/bin/sh', '-c', command] : splitWords(command);
  if (argv === undefined) return `command has a quote without end: ${command}`;
  if (!directory.startsWith('/')) return `directory is not an absolute path: ${directory}`;
  const environment = readEnvironment(parameters.environment ?? '');
  if (typeof environment === 'string') return environment;
  const ready = parameters.ready === undefined ? undefined : readReady(parameters.ready);
  if (typeof ready === 'string') return ready;
  const stopSignal = readSignal(parameters['stop-signal'] ?? 'SIGTERM');
  if (stopSignal === undefined) return `stop-signal is no signal: ${parameters['stop-signal']}`;
  return { argv, user, directory, environment, ready, stopSignal };
}

function readEnvironment(text: string): Record<string, string> | string {
  const words = splitWords(text);
  if (words === undefined) return 'environment has a quote without end';
  const environment: Record<string, string> = {};
  for (const word of words) {
    const [, name, value] = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(word) ?? [];
    if (name === undefined || value === undefined) return `environment needs NAME=VALUE: ${word}`;
    environment[name] = value;
  }
  return environment;
}

/** `8080`, `10.0.0.5:8080`, `[::1]:8080`, `http://…`, `https://…`, or a command. */
function readReady(text: string): ReadyCheck | string {
  if (/^https?:\/\//.test(text)) {
    return URL.canParse(text) ? { kind: 'url', url: text } : `ready is no valid URL: ${text}`;
  }
  const [, host, digits] = /^(?:(\[[0-9a-fA-F:.]+\]|[\w.-]+):)?(\d{1,5})$/.exec(text) ?? [];
  if (digits !== undefined) {
    const port = Number(digits);
    if (port < 1 || port > 65_535) return `ready is no port: ${text}`;
    return { kind: 'port', host: (host ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port };
  }
  const argv = splitWords(text);
  if (argv === undefined || argv.length === 0) return `ready has a quote without end: ${text}`;
  return { kind: 'command', argv };
}

function readSignal(text: string): NodeJS.Signals | undefined {
  const name = text.toUpperCase().replace(/^(SIG)?/, 'SIG');
  return Object.keys(constants.signals).find((known): known is NodeJS.Signals => known === name);
}
