import { describe, expect, it } from 'vitest';
import type { AgentToHeart } from '../../src/core/membership/heart-protocol.ts';
import { exclusiveUnits, GuardUnits } from '../../src/daemon/guard-units.ts';
import { defaultMeta, type PrimitiveConfig, type ResourceConfig } from '../../src/model/config.ts';
import { instanceId, resourceId } from '../../src/model/ids.ts';
import { configOf, primitive } from '../core/store/store-world.ts';

type Guard = AgentToHeart & { readonly kind: 'guard' };

function guard(version: number, ...controlGroups: readonly string[]): Guard {
  return { kind: 'guard', version, entries: [{ instance: instanceId('web'), controlGroups }] };
}

/** Units whose control groups are told when the test says so. */
function slowSystemd(): {
  readonly sent: Guard[];
  readonly guards: GuardUnits;
  readonly answer: (unit: string) => void;
  readonly settled: () => Promise<void>;
} {
  const sent: Guard[] = [];
  const asked = new Map<string, (groups: readonly string[]) => void>();
  const guards = new GuardUnits({
    controlGroups: (unit) => new Promise((resolve) => asked.set(unit, resolve)),
    send: (item) => sent.push(item),
    patienceMs: 50,
  });
  return {
    sent,
    guards,
    answer: (unit) => asked.get(unit)?.([`/groups/${unit}`]),
    settled: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

describe('guard plans on their way to the heart', () => {
  it('go at once where they name no unit', () => {
    const { guards, sent } = slowSystemd();
    guards.send(guard(1, '/a/directory'));
    expect(sent).toEqual([guard(1, '/a/directory')]);
  });

  it('name the directories of units, and keep their order', async () => {
    const { guards, sent, answer, settled } = slowSystemd();
    guards.send(guard(1, 'unit:one'));
    guards.send(guard(2, 'unit:two'));
    guards.send(guard(3));
    answer('two');
    await settled();
    expect(sent).toEqual([]);
    answer('one');
    await settled();
    expect(sent).toEqual([guard(1, '/groups/one'), guard(2, '/groups/two'), guard(3)]);
  });

  it('do not wait for ever: then the usual place of a unit is named', async () => {
    const { promise, resolve } = Promise.withResolvers<Guard>();
    const guards = new GuardUnits({
      controlGroups: () => new Promise(() => {}),
      send: resolve,
      patienceMs: 5,
    });
    guards.send(guard(1, 'unit:nginx'));
    for (const group of (await promise).entries[0]?.controlGroups ?? []) {
      expect(group).toMatch(/\/system\.slice\/nginx\.service$/);
    }
  });
});

describe('the units that the gate bounds', () => {
  const unit = (id: string): PrimitiveConfig => ({
    ...primitive(id),
    agent: { kind: 'systemd', unit: id },
  });

  it('are those of primitives and groups, and not those of clones', () => {
    const resources: readonly ResourceConfig[] = [
      unit('one'),
      primitive('other'),
      {
        kind: 'group',
        id: resourceId('g'),
        members: [unit('two'), unit('one')],
        meta: defaultMeta,
      },
      {
        kind: 'clone',
        id: resourceId('c'),
        of: unit('three'),
        max: undefined,
        maxPerNode: 1,
        interleave: true,
        meta: defaultMeta,
      },
    ];
    expect(exclusiveUnits({ ...configOf(), resources })).toEqual(['one', 'two']);
    expect(exclusiveUnits(undefined)).toEqual([]);
  });
});
