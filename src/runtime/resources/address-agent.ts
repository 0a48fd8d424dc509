import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { InstanceId } from '../../model/ids.ts';
import type { Operation, OperationResult } from '../../model/operation.ts';
import type { HeldAddress } from '../gate/addresses.ts';
import { type IpAnswer, IpBatch } from '../gate/ip-batch.ts';
import { type Devices, readAddress, readAddressParameters } from './address-parameters.ts';
import { Announcements } from './announcements.ts';
import { pause } from './command.ts';
import { KernelEvents } from './kernel-events.ts';
import { ocf, result } from './result.ts';

/**
 * The heart's side: it alone sets addresses, inside the gate of an incarnation. Errors are in
 * words.
 */
export interface HeartAddresses {
  setAddress(held: HeldAddress, incarnation: number): Promise<string | undefined>;
  removeAddress(held: HeldAddress): Promise<string | undefined>;
}

export interface AddressAgentOptions {
  readonly heart: HeartAddresses;
  readonly onGone: (instance: InstanceId, detail: string) => void;
  /** Somebody took the address away; it was set again at once. */
  readonly onMended: (instance: InstanceId, detail: string) => void;
  /** Put before each command, for tests in a network namespace. */
  readonly prefixCommand?: readonly string[];
  readonly devices?: () => Devices;
}

/** How long the network may take to answer who has an address; each half begins with a question. */
const askMs = 100;
const askPollMs = 10;
/**
 * How long a holder is waited for in a take-over: a host that is frozen as a whole goes on
 * answering until its kernel ends the address, one second after its last renewal.
 */
const formerOwnerMs = 1_600;
const retryMs = 30;
const linkLocalMs = 2_500;
/** What takes an address away again and again is not mended for ever: after so many times it has failed. */
const mendsMax = 5;
const mendWindowMs = 60_000;

interface Watched {
  readonly held: HeldAddress;
  readonly incarnation: number;
  /** When it was mended of late, on the monotonic clock. */
  readonly mendedAt: readonly number[];
}

/** The class `address`: floating IPs. */
export class AddressAgent {
  readonly #options: AddressAgentOptions;
  readonly #ip: IpBatch;
  readonly #events: KernelEvents;
  readonly #announcements: Announcements;
  readonly #watched = new Map<InstanceId, Watched>();

  constructor(options: AddressAgentOptions) {
    this.#options = options;
    const ip = [...(options.prefixCommand ?? []), 'ip'];
    this.#ip = new IpBatch(ip);
    this.#announcements = new Announcements(options.prefixCommand);
    this.#events = new KernelEvents((event) => {
      for (const watched of this.#watched.values()) {
        const { held } = watched;
        if (event.kind === 'restarted') void this.#mend(watched, 'unsure');
        else if (event.device !== held.device) continue;
        else if (event.kind === 'link-up') this.#announcements.announce(held);
        else if (event.address === held.address) void this.#mend(watched, 'gone');
      }
    }, ip);
  }

  async perform(operation: Operation, signal?: AbortSignal): Promise<OperationResult> {
    const begun = performance.now();
    const [exitCode, reason, status] = await this.#answer(operation, signal);
    return result(status ?? 'done', exitCode, reason, performance.now() - begun);
  }

  close(): void {
    this.#events.close();
    this.#announcements.close();
    this.#ip.close();
  }

  async #answer(operation: Operation, signal: AbortSignal | undefined): Promise<Answer> {
    // Without it nothing could be seen, and no address outlives its kernel lifetime either.
    if (!isInstalled('ip')) {
      return [ocf.notInstalled, 'there is no command ip; install iproute2', 'not-installed'];
    }
    switch (operation.action) {
      case 'stop':
        return await this.#stop(operation);
      case 'monitor':
        return await this.#monitor(operation);
      case 'start': {
        const held = this.#readParameters(operation);
        if (typeof held === 'string') return [ocf.notConfigured, held];
        return await this.#start(operation, held, signal);
      }
      case 'validate-all': {
        const held = this.#readParameters(operation);
        if (typeof held === 'string') return [ocf.notConfigured, held];
        return [ocf.ok, `${held.address}/${held.prefix} on ${held.device}`];
      }
      default:
        return [ocf.unimplemented, `class address has no operation ${operation.action}`];
    }
  }

  #readParameters({ instance, parameters }: Operation): HeldAddress | string {
    const devices = (this.#options.devices ?? networkInterfaces)();
    return readAddressParameters(instance, parameters, devices);
  }

  async #start(
    operation: Operation,
    held: HeldAddress,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    this.#events.start();
    const patienceMs = operation.meta.takeover === 'yes' ? formerOwnerMs : 0;
    const until = performance.now() + Math.min(patienceMs, operation.timeoutMs);
    if (!(await this.#isThere(held))) {
      for (;;) {
        const holder = await this.#findHolder(held);
        if (signal?.aborted) return [ocf.error, 'cancelled', 'cancelled'];
        if (holder === undefined) break;
        if (performance.now() >= until) {
          return [
            ocf.error,
            `${held.address} is in use on the network of ${held.device} by ${holder}`,
          ];
        }
        await pause(retryMs);
      }
    }
    const error = await this.#options.heart.setAddress(held, operation.incarnation);
    if (error !== undefined) return [ocf.error, `${held.address} on ${held.device}: ${error}`];
    this.#watch(held, operation.incarnation);
    this.#announcements.announce(held);
    return [ocf.ok, `${held.address}/${held.prefix} is on ${held.device}`];
  }

  /**
   * Takes the address away wherever it is: the device that it would be found by may have changed
   * since its start.
   */
  async #stop({ instance, parameters }: Operation): Promise<Answer> {
    this.#watched.delete(instance);
    this.#announcements.cancel(instance);
    const read = readAddress(parameters.ip);
    if (typeof read === 'string') return [ocf.ok, `was not set: ${read}`];
    const { address } = read;
    const held = await this.#find(instance, address);
    if (held === undefined) return [ocf.ok, `${address} is not set`];
    const error = await this.#options.heart.removeAddress(held);
    if (error !== undefined) return [ocf.error, `${address} on ${held.device}: ${error}`];
    if (await this.#isThere(held)) return [ocf.error, `${address} is still on ${held.device}`];
    return [ocf.ok, `${address} is not set`];
  }

  async #monitor({ instance, incarnation, parameters }: Operation): Promise<Answer> {
    const read = readAddress(parameters.ip);
    if (typeof read === 'string') return [ocf.notConfigured, read];
    const held = await this.#find(instance, read.address);
    if (held === undefined) return [ocf.notRunning, `${read.address} is not set`];
    if (parameters.device !== undefined && parameters.device !== held.device) {
      return [ocf.error, `${held.address} is on ${held.device}, not on ${parameters.device}`];
    }
    this.#watch(held, incarnation);
    return [ocf.ok, `${held.address} is on ${held.device}`];
  }

  /** Where the address is on this host. */
  async #find(instance: InstanceId, address: string): Promise<HeldAddress | undefined> {
    const { lines } = await this.#run([`addr show to ${address}`]);
    for (const line of lines) {
      const [, device, found, prefix] = addressPattern.exec(line) ?? [];
      if (device !== undefined && found === address) {
        return { instance, address, prefix: Number(prefix), device };
      }
    }
    return undefined;
  }

  #watch(held: HeldAddress, incarnation: number): void {
    const mendedAt = this.#watched.get(held.instance)?.mendedAt ?? [];
    this.#watched.set(held.instance, { held, incarnation, mendedAt });
    this.#events.start();
  }

  /**
   * The heart's next renewal would set it again anyway: so that is done at once, and what depends on the address is
   * not restarted for it.
   */
  async #mend(watched: Watched, sight: 'gone' | 'unsure'): Promise<void> {
    const { held, incarnation } = watched;
    const { instance } = held;
    if (sight === 'unsure' && (await this.#isThere(held))) return;
    if (this.#watched.get(instance) !== watched) return;
    const now = performance.now();
    const mendedAt = watched.mendedAt.filter((at) => at > now - mendWindowMs);
    const next = { held, incarnation, mendedAt: [...mendedAt, now] };
    this.#watched.set(instance, next);
    const error =
      mendedAt.length < mendsMax
        ? await this.#options.heart.setAddress(held, incarnation)
        : `taken away ${mendsMax} times within a minute`;
    if (this.#watched.get(instance) !== next) return; // It was stopped meanwhile.
    if (error === undefined) {
      this.#announcements.announce(held);
      const what = `${held.address} was taken away from ${held.device}`;
      this.#options.onMended(instance, `${what}; it was set again`);
    } else {
      this.#watched.delete(instance);
      this.#options.onGone(instance, `${held.address} is gone from ${held.device}: ${error}`);
    }
  }

  async #isThere({ address, device }: HeldAddress): Promise<boolean> {
    const { lines } = await this.#run([`addr show dev ${device} to ${address}`]);
    return lines.some((line) => line.includes(` ${address}/`));
  }

  /**
   * The hardware address of whoever answers for the address, by the kernel's own resolution (ARP,
   * or neighbour solicitation for IPv6): asked twice, for one question may be lost. It neither
   * claims nor announces the address.
   */
  async #findHolder({ address, device }: HeldAddress): Promise<string | undefined> {
    // Not `neigh del`: a failure of that ends `ip -batch`.
    const forget = `neigh flush to ${address} dev ${device}`;
    const ask = `neigh replace ${address} dev ${device} use`;
    if (isIPv6(address)) await this.#waitLinkLocal(device);
    const begun = performance.now();
    await this.#run([forget, ask]);
    for (let asked = 1; ; ) {
      const { lines } = await this.#run([`neigh show ${address} dev ${device}`]);
      const mac = lines.map((line) => answerPattern.exec(line)?.[1]).find((found) => found);
      const elapsedMs = performance.now() - begun;
      if (mac !== undefined || elapsedMs >= askMs) {
        await this.#run([forget]);
        return mac;
      }
      if (asked === 1 && elapsedMs >= askMs / 2) {
        asked = 2;
        await this.#run([forget, ask]);
      }
      await pause(askPollMs);
    }
  }

  /**
   * IPv6 asks nobody while the device's own link-local address is still being checked, up to two
   * seconds after link up.
   */
  async #waitLinkLocal(device: string): Promise<void> {
    const until = performance.now() + linkLocalMs;
    while (performance.now() < until) {
      const { lines } = await this.#run([`addr show dev ${device} scope link`]);
      if (!lines.some((line) => line.includes(' tentative'))) return;
      await pause(retryMs);
    }
  }

  #run(commands: readonly string[]): Promise<IpAnswer> {
    return new Promise((resolve) => this.#ip.run(commands, resolve));
  }
}

function isInstalled(program: string): boolean {
  const directories = (process.env.PATH ?? '').split(':');
  return directories.some((directory) => existsSync(join(directory, program)));
}

/** A neighbour that has answered; one that an administrator wrote down (`PERMANENT`) has not. */
const answerPattern = / lladdr (\S+).* (?:REACHABLE|STALE|DELAY|PROBE)/;

/** As `ip -o addr` prints one. */
const addressPattern = /^\d+: (\S+)\s+inet6? ([^\s/]+)\/(\d+)/;

type Answer = readonly [exitCode: number, reason: string, status?: OperationResult['status']];
