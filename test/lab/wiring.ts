import { run, runOrThrow } from './command.ts';
import { type Faults, portIsDown, rulesetFor } from './faults.ts';
import { entering, type LabContext } from './namespaces.ts';
import {
  bridgeName,
  clientName,
  type LabPlan,
  linkNumbers,
  portName,
  stationAddress,
  stationAddress6,
  stationMac,
  watchName,
} from './topology.ts';

/**
 * The network of one lab: a switch (a network namespace with one bridge per path) and a cable per station and
 * path, from the switch's port to the station's `net0`, `net1`, …. All faults are made on the switch's side.
 */
export class Wiring {
  readonly #context: LabContext;
  readonly #plan: LabPlan;
  readonly #switchPid: number;

  constructor(context: LabContext, plan: LabPlan, switchPid: number) {
    this.#context = context;
    this.#plan = plan;
    this.#switchPid = switchPid;
  }

  async createBridges(): Promise<void> {
    const lines: string[] = [];
    for (const link of linkNumbers(this.#plan)) {
      const bridge = bridgeName(link);
      // Without spanning tree and its delays a port forwards at once; snooping would hold back announcements.
      lines.push(
        `link add ${bridge} mtu ${this.#plan.mtu} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
        `link set ${bridge} addrgenmode none up`,
      );
    }
    await this.#ip(this.#switchPid, lines);
  }

  /** Lays the cables of stations and gives them their addresses, which exist when this resolves. */
  async connect(stations: ReadonlyMap<string, number>): Promise<void> {
    const lines: string[] = [];
    for (const [station, pid] of stations) {
      for (const link of linkNumbers(this.#plan)) {
        const port = portName(station, link);
        const mac = stationMac(this.#plan, station, link);
        lines.push(
          `link add ${port} mtu ${this.#plan.mtu} type veth ` +
            `peer name net${link} mtu ${this.#plan.mtu} address ${mac} netns ${pid}`,
          `link set ${port} master ${bridgeName(link)} up`,
        );
      }
    }
    await this.#ip(this.#switchPid, lines);
    await Promise.all([...stations].map(([station, pid]) => this.#address(station, pid)));
  }

  /** Takes the switch's ends of all cables of a station down, so that nothing of it is heard any more. */
  async silence(station: string): Promise<void> {
    const ports = linkNumbers(this.#plan).map((link) => `link set ${portName(station, link)} down`);
    await this.#ip(this.#switchPid, ports);
  }

  /** Removes the cables of a station. The kernel would do so too, some time after its last process. */
  async disconnect(station: string): Promise<void> {
    const lines = linkNumbers(this.#plan).map((link) => `link del ${portName(station, link)}`);
    const argv = this.#inSwitch(['ip', '-force', '-batch', '-']);
    await run(argv, { input: `${lines.join('\n')}\n` });
  }

  /** Makes the network as broken as `faults` says, for the hosts that are on. */
  async apply(faults: Faults, hostsOn: readonly string[]): Promise<void> {
    const ports = new Set<string>();
    const lines: string[] = [];
    for (const host of hostsOn) {
      for (const link of linkNumbers(this.#plan)) {
        ports.add(portName(host, link));
        const state = portIsDown(faults, host, link) ? 'down' : 'up';
        lines.push(`link set ${portName(host, link)} ${state}`);
      }
    }
    const ruleset = rulesetFor(this.#plan, faults, ports);
    await Promise.all([
      this.#ip(this.#switchPid, lines),
      runOrThrow(this.#inSwitch(['nft', '-f', '-']), { input: ruleset }),
    ]);
  }

  async #address(station: string, pid: number): Promise<void> {
    const lines = ['link set lo up'];
    for (const link of linkNumbers(this.#plan)) {
      const device = `net${link}`;
      lines.push(`link set ${device} addrgenmode none up`);
      if (station === watchName) continue; // It must not answer anybody.
      lines.push(`addr add ${stationAddress(this.#plan, station, link)}/24 dev ${device}`);
      const address6 = stationAddress6(this.#plan, station, link);
      lines.push(`addr add ${address6}/64 dev ${device} nodad`);
      // By hand, since the kernel's own would not be usable before its duplicate check has passed.
      lines.push(`addr add fe80::${address6.split('::')[1]}/64 dev ${device} nodad`);
    }
    await this.#ip(pid, lines);
  }

  #inSwitch(argv: readonly string[]): string[] {
    return entering(this.#context, this.#switchPid, ['net'], argv);
  }

  async #ip(pid: number, lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const argv = entering(this.#context, pid, ['net'], ['ip', '-batch', '-']);
    await runOrThrow(argv, { input: `${lines.join('\n')}\n` });
  }
}

/** The stations that are always on: where the observer polls from, and where it watches ARP from. */
export const outsiders: readonly string[] = [clientName, watchName];
