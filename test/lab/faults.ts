import { type Direction, type LabPlan, linkNumbers, portName } from './topology.ts';

/** One cable cut, in both directions (the switch's end is down) or in one (packets are dropped). */
export interface Cut {
  readonly host: string;
  readonly link: number;
  readonly direction: Direction;
}

/** Random loss on one cable, in per cent of the packets of each direction named. */
export interface Loss extends Cut {
  readonly percent: number;
}

/** Everything that is wrong with the network of a lab at one time. */
export interface Faults {
  readonly cuts: readonly Cut[];
  readonly losses: readonly Loss[];
  /** Stations of different groups do not reach each other. Stations in no group reach all. */
  readonly partition: readonly (readonly string[])[];
}

export const noFaults: Faults = { cuts: [], losses: [], partition: [] };

/** Whether nothing is wrong with the network. */
export function isHealthy(faults: Faults): boolean {
  const { cuts, losses, partition } = faults;
  return cuts.length === 0 && losses.length === 0 && partition.length === 0;
}

/** The faults with one more cut. Cutting `in` and then `out` is not the same as `both`: the link stays up. */
export function withCut(faults: Faults, cut: Cut): Faults {
  return { ...faults, cuts: [...faults.cuts.filter((other) => !sameCut(other, cut)), cut] };
}

/** The faults with the loss of a cable set; 0 per cent removes it. */
export function withLoss(faults: Faults, loss: Loss): Faults {
  const others = faults.losses.filter((other) => !sameCut(other, loss));
  return { ...faults, losses: loss.percent === 0 ? others : [...others, loss] };
}

/** The faults without cuts and losses of a cable, of all cables of a host, or (no host) without any fault. */
export function healed(faults: Faults, host?: string, link?: number): Faults {
  if (host === undefined) return noFaults;
  const stays = (cut: Cut): boolean =>
    cut.host !== host || (link !== undefined && cut.link !== link);
  return { ...faults, cuts: faults.cuts.filter(stays), losses: faults.losses.filter(stays) };
}

/** Whether the switch's end of a cable is down. */
export function portIsDown(faults: Faults, host: string, link: number): boolean {
  return faults.cuts.some(
    (cut) => cut.host === host && cut.link === link && cut.direction === 'both',
  );
}

/**
 * The whole ruleset of the switch, for one atomic `nft -f -`. `ports` are the ports that exist now:
 * a rule cannot name the port of a host that is off. On a port, ingress is what the host sends.
 */
export function rulesetFor(plan: LabPlan, faults: Faults, ports: ReadonlySet<string>): string {
  const lines = ['table netdev lab {}', 'delete table netdev lab', 'table netdev lab {'];
  for (const station of plan.hosts) {
    for (const link of linkNumbers(plan)) {
      if (!ports.has(portName(station, link))) continue;
      for (const direction of ['in', 'out'] as const) {
        lines.push(...chainFor(faults, station, link, direction));
      }
    }
  }
  lines.push('}', 'table bridge lab {}', 'delete table bridge lab', 'table bridge lab {');
  lines.push('  chain partition {', '    type filter hook forward priority 0; policy accept;');
  lines.push(...partitionRules(plan, faults.partition), '  }', '}');
  return `${lines.join('\n')}\n`;
}

function sameCut(a: Cut, b: Cut): boolean {
  return a.host === b.host && a.link === b.link && a.direction === b.direction;
}

function chainFor(
  faults: Faults,
  station: string,
  link: number,
  direction: 'in' | 'out',
): readonly string[] {
  const concerns = (cut: Cut): boolean => cut.host === station && cut.link === link;
  const includes = (cut: Cut): boolean => cut.direction === direction || cut.direction === 'both';
  const rules: string[] = [];
  if (faults.cuts.some((cut) => concerns(cut) && cut.direction === direction)) rules.push('drop');
  for (const loss of faults.losses) {
    if (!concerns(loss) || !includes(loss)) continue;
    rules.push(`numgen random mod 10000 < ${Math.round(loss.percent * 100)} drop`);
  }
  if (rules.length === 0) return [];
  const port = portName(station, link);
  const hook = direction === 'out' ? 'ingress' : 'egress';
  return [
    `  chain ${direction}_${port} {`,
    `    type filter hook ${hook} device "${port}" priority 0; policy accept;`,
    ...rules.map((rule) => `    ${rule}`),
    '  }',
  ];
}

function partitionRules(plan: LabPlan, groups: Faults['partition']): string[] {
  const rules: string[] = [];
  for (const [index, group] of groups.entries()) {
    const others = groups.filter((_, other) => other !== index).flat();
    for (const link of linkNumbers(plan)) {
      const set = (stations: readonly string[]): string =>
        `{ ${stations.map((station) => `"${portName(station, link)}"`).join(', ')} }`;
      if (group.length === 0 || others.length === 0) continue;
      rules.push(`    iifname ${set(group)} oifname ${set(others)} drop`);
    }
  }
  return rules;
}
