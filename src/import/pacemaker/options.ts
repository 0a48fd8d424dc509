import type { PolicyOptions } from '../../core/scheduler/policy/input.ts';
import { isFalse, isTrue, scoreOf } from '../../core/scheduler/policy/state.ts';
import { parseIntervalMs } from './conditions.ts';
import type { Element } from './element.ts';

type Options = Readonly<Record<string, string>>;

/** Cluster options under their names of today, or of yesterday. */
export function readOptions(cib: Element, options: Options, isQuorate: boolean): PolicyOptions {
  const get = (...names: readonly string[]): string | undefined => {
    for (const name of names) if (options[name] !== undefined) return options[name];
    return undefined;
  };
  const yes = (value: string | undefined): boolean => !isFalse(value);
  const hasFencing = yes(get('fencing-enabled', 'stonith-enabled'));
  const action = get('fencing-action', 'stonith-action');
  const watchdog = get('fencing-watchdog-timeout', 'stonith-watchdog-timeout');
  const lock = get('shutdown-lock-limit');
  return {
    isSymmetric: yes(get('symmetric-cluster')),
    isMaintenance: isTrue(get('maintenance-mode')),
    isManagedByDefault: yes(get('is-managed-default')),
    stopsAll: isTrue(get('stop-all-resources')),
    stopsRemoved: yes(get('stop-removed-resources', 'stop-orphan-resources')),
    fencing: hasFencing ? 'on' : 'off',
    fenceAction: action === 'off' || action === 'poweroff' ? 'off' : 'reboot',
    fencesUnseen: yes(get('startup-fencing')),
    fencesTogether: yes(get('concurrent-fencing')),
    hasWatchdogFencing: isTrue(get('have-watchdog')) && parseIntervalMs(watchdog) > 0,
    withoutQuorum: readQuorumPolicy(cib, get('no-quorum-policy'), hasFencing, isQuorate),
    startFailureIsFatal: yes(get('start-failure-is-fatal')),
    placement: readPlacement(get('placement-strategy')),
    probes: yes(get('enable-startup-probes')),
    health: readHealth(get),
    locksOnShutdown: isTrue(get('shutdown-lock')),
    lockLimitS: lock === undefined ? 0 : Math.floor(parseIntervalMs(lock) / 1000),
  };
}

function readQuorumPolicy(
  cib: Element,
  text: string | undefined,
  hasFencing: boolean,
  isQuorate: boolean,
): PolicyOptions['withoutQuorum'] {
  switch (text?.toLowerCase()) {
    case 'ignore':
      return 'ignore';
    case 'freeze':
      return 'freeze';
    case 'demote':
      return 'demote';
    case 'fence':
    case 'suicide': {
      const hadQuorum = isQuorate || isTrue(cib.attributes['no-quorum-panic']);
      return hasFencing && hadQuorum ? 'fence' : 'stop';
    }
    default:
      return 'stop';
  }
}

function readPlacement(text: string | undefined): PolicyOptions['placement'] {
  switch (text?.toLowerCase()) {
    case 'minimal':
      return 'minimal';
    case 'utilization':
      return 'utilization';
    case 'balanced':
      return 'balanced';
    default:
      return 'default';
  }
}

function readHealth(get: (name: string) => string | undefined): PolicyOptions['health'] {
  const strategy = get('node-health-strategy');
  return {
    strategy:
      strategy === 'migrate-on-red' ||
      strategy === 'only-green' ||
      strategy === 'progressive' ||
      strategy === 'custom'
        ? strategy
        : 'none',
    base: scoreOf(get('node-health-base')),
    red: scoreOf(get('node-health-red'), -1_000_000),
    yellow: scoreOf(get('node-health-yellow')),
    green: scoreOf(get('node-health-green')),
  };
}
