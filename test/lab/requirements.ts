import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { run, searchPath } from './command.ts';
import { LabError } from './lab-error.ts';

/** The programs that the lab needs, and the Debian package of each. */
const packageOf: Readonly<Record<string, string>> = {
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  ip: 'iproute2',
  nft: 'nftables',
  perl: 'perl',
  hostname: 'hostname',
};

/** Throws LabError with one line if a program is missing or the kernel lets a normal user make no namespaces. */
export async function checkRequirements(): Promise<void> {
  const missing = Object.entries(packageOf).filter(([program]) => !isInstalled(program));
  if (missing.length > 0) {
    const programs = missing.map(([program]) => program).join(', ');
    const packages = [...new Set(missing.map(([, name]) => name))].join(' ');
    throw new LabError(`missing: ${programs}. Install with: apt-get install ${packages}`);
  }
  if (process.getuid?.() === 0) return;
  const trial = await run(['unshare', '--user', '--map-root-user', '--net', '--mount', 'true']);
  if (trial.exitCode === 0) return;
  throw new LabError(
    `without root the lab needs user namespaces, which this kernel refuses (${trial.stderr.trim()}): ` +
      'run as root, or allow them (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, ' +
      'kernel.apparmor_restrict_unprivileged_userns)',
  );
}

function isInstalled(program: string): boolean {
  return searchPath()
    .split(':')
    .some((directory) => {
      try {
        accessSync(join(directory, program), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
