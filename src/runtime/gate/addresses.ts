import { writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import type { InstanceId } from '../../model/ids.ts';
import { type IpAnswer, IpBatch } from './ip-batch.ts';
import { readText } from './proc.ts';

/** A floating IP as it is on a device; the same fields as the heart's own type. */
export interface HeldAddress {
  readonly instance: InstanceId;
  readonly address: string;
  readonly prefix: number;
  readonly device: string;
}

export type AddressDone = (error: string | undefined) => void;

/**
 * The floating IPs of this node, set by the heart alone. The kernel ends each by itself one second
 * after its last renewal (measured: 1.02 s), so that a host that is frozen as a whole stops
 * answering. Renew every 300 ms or so.
 *
 * They are set next to the device's own addresses: in the network of one of these, IPv4 makes them
 * secondary, so that nothing starts to use them as its source. IPv6 does the same through a
 * preferred lifetime of 0.
 */
export class Addresses {
  readonly #ip: IpBatch;

  constructor(ip: IpBatch = new IpBatch()) {
    this.#ip = ip;
  }

  /** Makes ready, so that the first address is set at once. */
  start(): void {
    this.#ip.start();
  }

  /**
   * Sets an address; `done` gets the kernel's words if it could not. Setting one that is there
   * renews it.
   */
  set(held: HeldAddress, done: AddressDone): void {
    keepSecondaries(held.device);
    this.#trySet(held, (error) => {
      if (error === undefined || !/device/i.test(error)) return done(error);
      this.#ip.close(); // It may remember the number that the device had before it was made anew.
      this.#trySet(held, done);
    });
  }

  #trySet(held: HeldAddress, done: AddressDone): void {
    const { address, device } = held;
    this.#ip.run([setCommand(held), `addr show dev ${device} to ${address}`], (answer) =>
      done(isShown(answer, address) ? undefined : failure(answer, `${address} was not set`)),
    );
  }

  /** Takes an address away; one that is not there is no error. */
  remove(held: HeldAddress, done: AddressDone): void {
    const { address, prefix, device } = held;
    this.#ip.run(
      [`addr del ${address}/${prefix} dev ${device}`, `addr show dev ${device} to ${address}`],
      (answer) => done(isShown(answer, address) ? failure(answer, 'still there') : undefined),
    );
  }

  /** Gives addresses a new second to live. Costs one write for all. */
  renew(held: readonly HeldAddress[]): void {
    if (held.length > 0) this.#ip.post(held.map(setCommand));
  }

  close(): void {
    this.#ip.close();
  }
}

function setCommand({ address, prefix, device }: HeldAddress): string {
  const kind = isIPv6(address)
    ? 'nodad valid_lft 1 preferred_lft 0'
    : `${prefix < 31 ? 'brd + ' : ''}valid_lft 1 preferred_lft 1`;
  return `addr replace ${address}/${prefix} dev ${device} ${kind}`;
}

function isShown(answer: IpAnswer, address: string): boolean {
  return answer.lines.some((line) => line.includes(` ${address}/`));
}

function failure(answer: IpAnswer, otherwise: string): string {
  const words = answer.errors[0] ?? otherwise;
  return words.replace(/^(RTNETLINK answers|Error): /, '');
}

/**
 * Without this the kernel, when the first address of a network goes, takes its secondary ones with
 * it: one floating IP would pull down its neighbours.
 */
function keepSecondaries(device: string): void {
  const path = `/proc/sys/net/ipv4/conf/${device}/promote_secondaries`;
  if (readText(path)?.trim() !== '0') return;
  try {
    writeFileSync(path, '1');
  } catch {
    // Not ours to write: then it stays as the host's owner wants it.
  }
}
