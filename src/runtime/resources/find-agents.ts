import { type Dirent, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sortedTexts } from '../../base/order.ts';

/** Where agents of each class are on this host. */
export interface AgentPlaces {
  /** OCF_ROOT. */
  readonly ocfRoot: string;
  readonly lsbDirectory: string;
  readonly unitDirectories: readonly string[];
}

export const agentPlaces: AgentPlaces = {
  ocfRoot: '/usr/lib/ocf',
  lsbDirectory: '/etc/init.d',
  unitDirectories: [
    '/etc/systemd/system',
    '/run/systemd/system',
    '/usr/lib/systemd/system',
    '/lib/systemd/system',
  ],
};

/** All agents of this host as people write them (`ocf:heartbeat:nginx`), in order. */
export function findAgents(places: AgentPlaces = agentPlaces): readonly string[] {
  return [
    'address',
    'process',
    ...findOcfAgents(places),
    ...findLsb(places),
    ...findUnits(places).map((unit) => `systemd:${unit}`),
  ];
}

export function findOcfAgents(places: AgentPlaces = agentPlaces): readonly string[] {
  const base = join(places.ocfRoot, 'resource.d');
  return list(base)
    .filter((entry) => !entry.name.startsWith('.') && isDirectory(join(base, entry.name)))
    .flatMap(({ name: provider }) =>
      list(join(base, provider))
        .filter(({ name }) => isAgentName(name) && isProgram(join(base, provider, name)))
        .map(({ name }) => `ocf:${provider}:${name}`),
    )
    .toSorted();
}

function findLsb({ lsbDirectory }: AgentPlaces): readonly string[] {
  const names = list(lsbDirectory)
    .map(({ name }) => name)
    .filter((name) => isAgentName(name) && isProgram(join(lsbDirectory, name)));
  return sortedTexts(names.map((name) => `lsb:${name}`));
}

/** Names of the services that systemd has files for, without `.service`. */
export function findUnits({ unitDirectories }: AgentPlaces): readonly string[] {
  const units = unitDirectories
    .flatMap(list)
    .map(({ name }) => /^(.+)\.service$/.exec(name)?.[1])
    .filter((name) => name !== undefined)
    .filter((name) => !name.endsWith('@'));
  return sortedTexts(new Set(units));
}

/** Shell function files and hidden files lie beside the agents. */
function isAgentName(name: string): boolean {
  return (
    !name.startsWith('.') &&
    !/\.(sh|orig|rpmsave|rpmnew|dpkg-\w+)$|-(shellfuncs|returncodes)$/.test(name)
  );
}

function list(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

export function isProgram(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && (stat.mode & 0o111) !== 0;
}

/** The known name that is most like a text, or undefined where none is near. */
export function nearestName(text: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.max(2, Math.floor(text.length / 4)) + 1;
  for (const name of names) {
    const changes = editDistance(text.toLowerCase(), name.toLowerCase());
    if (changes < fewest) {
      nearest = name;
      fewest = changes;
    }
  }
  return nearest;
}

/** Letters to insert, drop or replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/**
 * Why a program must not be run by this process: somebody else could change it. Undefined where
 * only root (or the user that this process runs as) may write to it and to every directory above
 * it. So nothing can change between the look and the run.
 */
export function writableByOthers(path: string): string | undefined {
  const real = realpathSync(path);
  for (let at = real; ; at = dirname(at)) {
    const { uid, mode } = lstatSync(at);
    const owned = uid === 0 || uid === process.geteuid?.();
    const open = (mode & 0o022) !== 0 && !(at !== real && (mode & 0o1000) !== 0);
    if (!owned) return `${at} belongs to user ${uid}, not to root`;
    if (open) return `${at} can be written by others (mode ${(mode & 0o7777).toString(8)})`;
    if (at === '/') return undefined;
  }
}
