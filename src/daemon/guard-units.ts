import { join } from 'node:path';
import type { AgentToHeart } from '../core/membership/heart-protocol.ts';
import type { ClusterConfig, ResourceConfig } from '../model/config.ts';
import { findUnifiedMount } from '../runtime/gate/control-group.ts';
import { journal } from '../runtime/journal.ts';
import { unitName } from '../runtime/resources/systemd.ts';

type Guard = AgentToHeart & { readonly kind: 'guard' };

/** As the node's machine names a systemd unit among control groups. */
const unitPrefix = 'unit:';
/** No gate opens before its guard plan is there, so a systemd that does not answer is not waited for. */
const patienceMs = 2000;

export interface GuardUnitsOptions {
  /** The control groups of a unit, as directories. */
  readonly controlGroups: (unit: string) => Promise<readonly string[]>;
  readonly send: (guard: Guard) => void;
  readonly patienceMs?: number;
}

/** Guard plans on their way to the heart: it kills directories, and only systemd knows those of its units. */
export class GuardUnits {
  readonly #options: GuardUnitsOptions;
  #last: Promise<void> | undefined;

  constructor(options: GuardUnitsOptions) {
    this.#options = options;
  }

  /** Plans are sent in the order in which they came. */
  send(guard: Guard): void {
    const names = guard.entries.flatMap(({ controlGroups }) => controlGroups.filter(isUnit));
    if (this.#last === undefined && names.length === 0) {
      this.#options.send(guard);
      return;
    }
    const before = this.#last;
    const sent = this.#resolve(guard).then(async (resolved) => {
      await before;
      this.#options.send(resolved);
      if (this.#last === sent) this.#last = undefined;
    });
    this.#last = sent;
  }

  async #resolve(guard: Guard): Promise<Guard> {
    const entries = guard.entries.map(async ({ instance, controlGroups }) => ({
      instance,
      controlGroups: (await Promise.all(controlGroups.map((item) => this.#groups(item)))).flat(),
    }));
    return { ...guard, entries: await Promise.all(entries) };
  }

  async #groups(item: string): Promise<readonly string[]> {
    if (!isUnit(item)) return [item];
    const unit = item.slice(unitPrefix.length);
    try {
      return await inTime(
        this.#options.controlGroups(unit),
        this.#options.patienceMs ?? patienceMs,
      );
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      journal('warning', `agent: systemd does not tell where ${unit} runs: ${words}`);
      // Where systemd puts a unit that says nothing else.
      const mount = findUnifiedMount();
      return mount === undefined ? [] : [join(mount, 'system.slice', unitName(unit))];
    }
  }
}

/** The systemd units of a configuration that may run on one node only: those whose starts the gate bounds. */
export function exclusiveUnits(config: ClusterConfig | undefined): readonly string[] {
  const units = (resource: ResourceConfig): readonly string[] => {
    if (resource.kind === 'clone') return [];
    if (resource.kind === 'group') return resource.members.flatMap(units);
    return resource.agent.kind === 'systemd' ? [resource.agent.unit] : [];
  };
  return [...new Set((config?.resources ?? []).flatMap(units))];
}

function isUnit(item: string): boolean {
  return item.startsWith(unitPrefix);
}

async function inTime<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), timeoutMs);
  });
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
