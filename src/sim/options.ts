import { parseArgs } from 'node:util';
import { allKinds, type PlanWishes, type Profile } from './fault-plan.ts';

export interface SimOptions extends PlanWishes {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly nodes: number | undefined;
  /** Go on with further seeds until so many virtual hours are done; undefined: `seeds` seeds. */
  readonly hours: number | undefined;
  readonly jobs: number;
  readonly json: boolean;
  readonly trace: boolean;
  readonly freeze: boolean;
  readonly bugs: boolean;
  /** Only this deliberate bug. */
  readonly bug: string | undefined;
  /** Stop at the first failure. */
  readonly stop: boolean;
}

export const usage = `npm run sim -- [--seeds N] [--seed FIRST] [--nodes 3..7] [--profile storm|calm|loss] [--hours H]
                [--kinds NAME,NAME]
                [--jobs J] [--json] [--trace] [--freeze] [--stop] [--bugs] [--bug NAME]

Runs whole clusters in virtual time, each under one seed. A failing seed prints one line that replays it.
  --kinds    only these kinds of faults, in a storm
  --hours    go on until so many cluster-hours of virtual time have passed
  --trace    print the story of each seed
  --freeze   make every message immutable (slow)
  --bugs     put deliberate bugs into the machines and tell after how many seeds each is found
Exit codes: 0 nothing found, 2 wrong use, 3 liveness, 4 safety, 5 crash.`;

/** Reads the command line; a text is what is wrong with it. */
export function readOptions(args: readonly string[]): SimOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seeds: { type: 'string' },
        seed: { type: 'string' },
        nodes: { type: 'string' },
        profile: { type: 'string' },
        kinds: { type: 'string' },
        hours: { type: 'string' },
        jobs: { type: 'string' },
        json: { type: 'boolean' },
        trace: { type: 'boolean' },
        freeze: { type: 'boolean' },
        stop: { type: 'boolean' },
        bugs: { type: 'boolean' },
        bug: { type: 'string' },
      },
    });
    const nodes = numberOf(values.nodes, 'nodes');
    if (nodes !== undefined && (nodes < 1 || nodes > 7)) return '--nodes must be from 1 to 7';
    const profile = values.profile;
    if (profile !== undefined && !isProfile(profile)) return `no profile ${profile}`;
    const kinds = values.kinds?.split(',').map((name) => name.trim());
    const unknown = kinds?.find((name) => !allKinds.some((kind) => kind.name === name));
    if (unknown !== undefined) return `no kind of fault is called "${unknown}"`;
    return {
      firstSeed: numberOf(values.seed, 'seed') ?? 1,
      seeds: numberOf(values.seeds, 'seeds') ?? (values.seed === undefined ? 100 : 1),
      nodes,
      profile,
      kinds,
      hours: numberOf(values.hours, 'hours'),
      jobs: numberOf(values.jobs, 'jobs') ?? 1,
      json: values.json ?? false,
      trace: values.trace ?? false,
      freeze: values.freeze ?? false,
      stop: values.stop ?? false,
      bugs: (values.bugs ?? false) || values.bug !== undefined,
      bug: values.bug,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function numberOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new RangeError(`--${name} must be a number`);
  return value;
}

function isProfile(text: string): text is Profile {
  return text === 'storm' || text === 'calm' || text === 'loss';
}
