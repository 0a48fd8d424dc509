import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type DebianPackage =
  | 'curl'
  | 'dbus'
  | 'gcc'
  | 'hostname'
  | 'iproute2'
  | 'iputils-arping'
  | 'libc6-dev'
  | 'nftables'
  | 'nginx'
  | 'perl'
  | 'procps'
  | 'resource-agents'
  | 'spin'
  | 'systemd'
  | 'systemd-container'
  | 'util-linux';

/**
 * The Debian packages that the project itself needs (not a node that holdfast is installed on), each with the
 * programs or files by which one sees that it is there, whoever brought them.
 */
const proofs: Readonly<Record<DebianPackage, readonly string[]>> = {
  curl: ['curl'],
  dbus: ['dbus-daemon'],
  gcc: ['gcc'],
  hostname: ['hostname'],
  iproute2: ['ip'],
  'iputils-arping': ['arping'],
  'libc6-dev': ['/usr/include/stdio.h'],
  nftables: ['nft'],
  nginx: ['nginx'],
  perl: ['perl'],
  procps: ['ps', 'pgrep', 'sysctl'],
  'resource-agents': ['/usr/lib/ocf/resource.d/heartbeat/Dummy'],
  spin: ['spin'],
  systemd: ['systemctl', 'busctl', '/lib/systemd/systemd'],
  'systemd-container': ['systemd-nspawn'],
  'util-linux': ['unshare', 'nsenter', 'setpriv', 'chrt', 'mount'],
};

/** For hosts of the lab and what the demo shows on them. */
export const demoPackages: readonly DebianPackage[] = [
  'util-linux',
  'iproute2',
  'iputils-arping',
  'nftables',
  'nginx',
  'perl',
  'hostname',
  'procps',
  'curl',
];

/** For all tests, those on real hosts too. */
export const testPackages: readonly DebianPackage[] = [
  ...demoPackages,
  'resource-agents',
  'systemd',
  'systemd-container',
  'dbus',
];

/** For the checks of the SPIN models. */
export const modelPackages: readonly DebianPackage[] = ['spin', 'gcc', 'libc6-dev'];

export interface PrepareOptions {
  readonly packages: readonly DebianPackage[];
  /** Gets each line that a person should read. Default: the standard output. */
  readonly say?: (line: string) => void;
}

/**
 * Sees to the Debian packages: installs as root what is missing, and says in one line how it stands. Starts no
 * service that comes with them.
 * @returns the packages that are still missing, which the line named with the command that installs them
 */
export function prepare(options: PrepareOptions): readonly DebianPackage[] {
  const { packages, say = console.log } = options;
  const wanted = missingOf(packages);
  if (wanted.length === 0) {
    say('All Debian packages that this needs are installed.');
    return [];
  }
  const words = wanted.join(' ');
  if (searchFor('apt-get') === undefined) {
    say(`Missing, by the names of their Debian packages: ${words}. There is no apt-get here.`);
    return wanted;
  }
  if (process.getuid?.() !== 0) {
    say(`Missing Debian packages. Install them with: sudo apt-get install -y ${words}`);
    return wanted;
  }
  say(`Installing Debian packages: ${words}`);
  const complaint = withoutStartingServices(() => install(wanted));
  // It is wanted in the hosts of the lab only, not on port 80 of this machine.
  if (wanted.includes('nginx')) spawnSync('systemctl', ['disable', 'nginx.service']);
  const left = missingOf(wanted);
  if (left.length === 0) say('All Debian packages that this needs are installed now.');
  else say(`${complaint}\nStill missing; see: apt-get install -y ${left.join(' ')}`);
  return left;
}

function missingOf(packages: readonly DebianPackage[]): readonly DebianPackage[] {
  return packages.filter((name) => !proofs[name].every((proof) => searchFor(proof) !== undefined));
}

/** The path of a program, also of one for root; undefined where there is none. */
function searchFor(proof: string): string | undefined {
  if (proof.startsWith('/')) return existsSync(proof) ? proof : undefined;
  const directories = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;
  return directories
    .split(':')
    .map((directory) => join(directory, proof))
    .find((path) => isThere(path));
}

function isThere(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

/** @returns what the package manager said where it failed; empty where all went well */
function install(packages: readonly string[]): string {
  const argv = ['install', '-y', '-q', '--no-install-recommends', ...packages];
  if (aptGet(argv) === '') return '';
  // A fresh machine has no lists of packages yet, an old one has old ones.
  const noLists = aptGet(['update', '-q']);
  const complaint = aptGet(argv);
  return complaint === '' ? '' : `${noLists}\n${complaint}`.trim();
}

function aptGet(argv: readonly string[]): string {
  try {
    execFileSync('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...argv], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return '';
  } catch (error) {
    const { stderr } = error as { readonly stderr?: Buffer };
    return stderr?.toString().trim() || String(error);
  }
}

/** Debian starts what it installs, unless this file says no (policy-rc.d of invoke-rc.d(8)). */
function withoutStartingServices<T>(work: () => T): T {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return work();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return work();
  } finally {
    rmSync(policy);
  }
}

const choices: Readonly<Record<string, readonly DebianPackage[]>> = {
  demo: demoPackages,
  test: testPackages,
  models: modelPackages,
  all: [...testPackages, ...modelPackages],
};

if (import.meta.main) {
  const choice = process.argv[2] ?? 'all';
  const packages = choices[choice];
  if (packages === undefined) {
    console.error(`no set of packages ${choice}; there are: ${Object.keys(choices).join(', ')}`);
    process.exitCode = 64;
  } else {
    process.exitCode = prepare({ packages }).length === 0 ? 0 : 1;
  }
}
