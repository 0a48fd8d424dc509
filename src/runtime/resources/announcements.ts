import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import type { InstanceId } from '../../model/ids.ts';
import type { HeldAddress } from '../gate/addresses.ts';

/**
 * When an address is announced after it was set: some packets may be lost, some switches learn
 * late.
 */
const roundsMs = [0, 150, 1_000, 5_000] as const;

/** Where the resource-agents package has it. */
const neighbourPrograms = ['/usr/libexec/heartbeat/send_ua', '/usr/lib/heartbeat/send_ua'];

/**
 * Tells the neighbours where an address is now: unasked ARP requests and replies, for systems heed
 * one or the other, by arping(8) of iputils; for IPv6 unasked neighbour advertisements by `send_ua`
 * of resource-agents. All in the background.
 */
export class Announcements {
  readonly #prefixCommand: readonly string[];
  readonly #timers = new Map<InstanceId, NodeJS.Timeout[]>();
  readonly #children = new Set<ChildProcess>();

  /** @param prefixCommand put before each command, for tests in a network namespace */
  constructor(prefixCommand: readonly string[] = []) {
    this.#prefixCommand = prefixCommand;
  }

  announce(held: HeldAddress): void {
    this.cancel(held.instance);
    const [, ...later] = roundsMs;
    this.#send(held);
    this.#timers.set(
      held.instance,
      later.map((ms) => setTimeout(() => this.#send(held), ms).unref()),
    );
  }

  /** Sends no more for an instance: its address is about to go. */
  cancel(instance: InstanceId): void {
    for (const timer of this.#timers.get(instance) ?? []) clearTimeout(timer);
    this.#timers.delete(instance);
  }

  close(): void {
    for (const instance of [...this.#timers.keys()]) this.cancel(instance);
    for (const child of this.#children) child.kill();
  }

  #send({ address, prefix, device }: HeldAddress): void {
    if (!isIPv6(address)) {
      for (const kind of ['-U', '-A']) {
        this.#run(['arping', kind, '-q', '-c', '1', '-I', device, '-s', address, address]);
      }
      return;
    }
    const program = neighbourPrograms.find((path) => existsSync(path));
    if (program !== undefined) this.#run([program, address, String(prefix), device]);
  }

  #run(command: readonly string[]): void {
    const [file = '', ...argv] = [...this.#prefixCommand, ...command];
    const child = spawn(file, argv, { stdio: 'ignore' });
    this.#children.add(child);
    child.unref();
    // Not installed: neighbours learn by asking.
    child.once('error', () => this.#children.delete(child));
    child.once('exit', () => this.#children.delete(child));
  }
}
