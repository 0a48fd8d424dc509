import { canonicalJson } from '../../base/canonical-json.ts';
import type { Command } from '../../model/command.ts';
import { resourceById } from '../../model/resources.ts';
import { record } from './event-log.ts';
import { forgetLeftovers } from './instances.ts';
import { applied, type Outcome, refused, unchanged } from './outcome.ts';
import type { State } from './state.ts';

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

/** The first command of a cluster. */
export function bootstrap(state: State, command: Of<'bootstrap'>): Outcome {
  if (state.config !== undefined) return refused('exists', 'this cluster exists already');
  state.clusterId = command.clusterId;
  state.config = command.config;
  state.configSource = command.source;
  state.configVersion = state.index;
  state.secrets = command.secrets;
  record(state, command.atMs, {
    kind: 'cluster-created',
    name: command.config.name,
    node: command.node,
  });
  return applied;
}

/** Replaces the configuration if nobody changed it since the version that the writer saw. */
export function configure(state: State, command: Of<'configure'>): Outcome {
  if (command.ifVersion !== state.configVersion) {
    return refused(
      'conflict',
      `the configuration is at version ${state.configVersion}, not ${command.ifVersion}`,
    );
  }
  const same =
    canonicalJson(command.config) === canonicalJson(state.config) &&
    command.source === state.configSource;
  if (same) return unchanged;
  state.config = command.config;
  state.configSource = command.source;
  state.configVersion = state.index;
  forgetLeftovers(state);
  state.wishes = state.wishes.filter(
    (wish) => resourceById(command.config, wish.resource) !== undefined,
  );
  record(state, command.atMs, {
    kind: 'configured',
    version: state.configVersion,
    by: command.by,
    text: command.what,
  });
  return applied;
}

/** A newer wish for a resource takes the place of an older one of its kind. */
export function wish(state: State, command: Of<'wish'>): Outcome {
  const asked = command.wish;
  if (state.config === undefined || resourceById(state.config, asked.resource) === undefined) {
    return refused('not-found', `there is no resource ${asked.resource}`);
  }
  const id = state.nextWish;
  state.nextWish += 1;
  const others = state.wishes.filter(
    (other) => other.kind !== asked.kind || other.resource !== asked.resource,
  );
  state.wishes = [
    ...others,
    asked.kind === 'move'
      ? { kind: 'move', id, resource: asked.resource, to: asked.to }
      : { kind: 'restart', id, resource: asked.resource, afterOrder: state.nextOrder - 1 },
  ];
  record(state, command.atMs, {
    kind: 'asked',
    by: command.by,
    what: asked.kind,
    resource: asked.resource,
    node: asked.kind === 'move' ? asked.to : undefined,
  });
  return applied;
}

export function wishDone(state: State, command: Of<'wish-done'>): Outcome {
  const done = state.wishes.find((item) => item.id === command.id);
  if (done === undefined) return unchanged;
  state.wishes = state.wishes.filter((item) => item !== done);
  record(state, command.atMs, {
    kind: 'wish-ended',
    resource: done.resource,
    fulfilled: command.fulfilled,
  });
  return applied;
}

/** Makes a join token known, and forgets those whose time is over. */
export function token(state: State, command: Of<'token'>): Outcome {
  for (const [id, known] of state.tokens) {
    if (known.untilMs <= command.atMs) state.tokens.delete(id);
  }
  state.tokens.set(command.id, { secretHash: command.secretHash, untilMs: command.untilMs });
  return applied;
}
