import { describe, expect, it } from 'vitest';
import { addMs, instant } from '../../../src/base/instant.ts';
import { Wants } from '../../../src/core/node/wants.ts';
import { ClusterState } from '../../../src/core/store/cluster-state.ts';
import type { Command } from '../../../src/model/command.ts';
import { nodeId } from '../../../src/model/ids.ts';

const now = instant(0);
const command: Command = { kind: 'leave', node: nodeId('alpha'), incarnation: 1, atMs: 0 };

describe('what a node wants in the log', () => {
  it('is said at once, and again each second until the log shows it', () => {
    const wants = new Wants();
    let isThere = false;
    wants.add('leave', command, () => isThere, now);
    expect(wants.due(now)).toEqual([command]);
    expect(wants.due(now)).toEqual([]);
    expect(wants.deadline()).toBe(1000);
    expect(wants.due(addMs(now, 1000))).toEqual([command]);
    wants.settle(new ClusterState());
    expect(wants.has('leave')).toBe(true);
    isThere = true;
    wants.settle(new ClusterState());
    expect(wants.deadline()).toBeUndefined();
  });

  it('is said again at once to a new leader', () => {
    const wants = new Wants();
    wants.add('leave', command, () => false, now);
    wants.due(now);
    wants.sayAllAgain(addMs(now, 10));
    expect(wants.due(addMs(now, 10))).toEqual([command]);
  });

  it('stays as it was first said', () => {
    const wants = new Wants();
    wants.add('leave', command, () => false, now);
    wants.add('leave', { ...command, incarnation: 2 }, () => true, now);
    wants.settle(new ClusterState());
    expect(wants.due(now)).toEqual([command]);
    wants.drop('leave');
    expect(wants.has('leave')).toBe(false);
  });
});
