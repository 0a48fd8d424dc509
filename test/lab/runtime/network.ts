import { execFileSync } from 'node:child_process';

/**
 * Two hosts' networks with one cable: `left` has 10.99.0.1/24 and fd99::1/64 on `net0`, `right` has
 * .2.
 */
export class TwoNetworks {
  readonly left: string;
  readonly right: string;

  constructor() {
    const id = `hf${process.pid.toString(36)}${Math.floor(performance.now()).toString(36)}`;
    this.left = `${id}a`;
    this.right = `${id}b`;
    for (const name of [this.left, this.right]) run('ip', 'netns', 'add', name);
    run(
      ...['ip', 'link', 'add', 'net0', 'netns', this.left, 'type', 'veth'],
      ...['peer', 'name', 'net0', 'netns', this.right],
    );
    for (const [name, host] of [
      [this.left, '1'],
      [this.right, '2'],
    ] as const) {
      run('ip', '-n', name, 'addr', 'add', `10.99.0.${host}/24`, 'dev', 'net0');
      run('ip', '-n', name, 'addr', 'add', `fd99::${host}/64`, 'dev', 'net0', 'nodad');
      for (const setting of ['accept_dad', 'dad_transmits']) {
        run('ip', 'netns', 'exec', name, 'sysctl', '-qw', `net.ipv6.conf.net0.${setting}=0`);
      }
      run('ip', '-n', name, 'link', 'set', 'lo', 'up');
      run('ip', '-n', name, 'link', 'set', 'net0', 'up');
    }
  }

  /** What runs a command in one of the networks. */
  in(name: string): readonly string[] {
    return ['ip', 'netns', 'exec', name];
  }

  run(name: string, ...command: string[]): string {
    return run(...this.in(name), ...command);
  }

  /** Runs a command of ip(8) in one of the networks and gives its output. */
  ip(name: string, ...argv: string[]): string {
    return run('ip', '-n', name, ...argv);
  }

  remove(): void {
    for (const name of [this.left, this.right]) run('ip', 'netns', 'del', name);
  }
}

function run(...command: string[]): string {
  const [file = '', ...argv] = command;
  return execFileSync(file, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
