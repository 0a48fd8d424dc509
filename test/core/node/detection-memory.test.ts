import { describe, expect, it } from 'vitest';
import { type Instant, instant } from '../../../src/base/instant.ts';
import type { NodeContext } from '../../../src/core/node/context.ts';
import { DetectionMemory } from '../../../src/core/node/detection-memory.ts';
import type { DiskWrite } from '../../../src/core/node/node-io.ts';

/** The disk of a node, which is as slow as the test wants. */
class SlowDisk {
  now: Instant = instant(0);
  readonly writes: DiskWrite[] = [];
  readonly #done: (() => void)[] = [];

  get context(): NodeContext {
    const part: Pick<NodeContext, 'now' | 'persist' | 'changed'> = {
      now: this.now,
      persist: (write, done) => {
        this.writes.push(write);
        this.#done.push(done);
      },
      changed: () => {},
    };
    return part as NodeContext;
  }

  finish(): void {
    for (const done of this.#done.splice(0)) done();
  }
}

describe('the greatest detection time of late', () => {
  it('is on disk before anybody may grant by it, and is written once', () => {
    const disk = new SlowDisk();
    const memory = new DetectionMemory(0);
    expect(memory.allows(5000, disk.context)).toBe(false);
    expect(memory.allows(5000, disk.context)).toBe(false);
    expect(disk.writes).toEqual([{ detectMaxMs: 5000 }]);
    disk.finish();
    expect(memory.allows(5000, disk.context)).toBe(true);
    expect(memory.greatestMs).toBe(5000);
  });

  it('goes down only when one old time has passed since the lower one counts', () => {
    const disk = new SlowDisk();
    const memory = new DetectionMemory(5000);
    expect(memory.allows(2000, disk.context)).toBe(true);
    disk.now = instant(100);
    memory.told(2000, disk.now);
    memory.told(2000, instant(4000));
    expect(memory.deadline()).toBe(5100);
    disk.now = instant(5099);
    memory.wake(disk.context);
    expect(disk.writes).toEqual([]);
    disk.now = instant(5100);
    memory.wake(disk.context);
    disk.finish();
    expect(disk.writes).toEqual([{ detectMaxMs: 2000 }]);
    expect(memory.greatestMs).toBe(2000);
    expect(memory.deadline()).toBeUndefined();
  });

  it('stays when it is raised again meanwhile', () => {
    const disk = new SlowDisk();
    const memory = new DetectionMemory(5000);
    memory.told(2000, disk.now);
    memory.told(5000, disk.now);
    expect(memory.deadline()).toBeUndefined();
    expect(memory.greatestMs).toBe(5000);
  });
});
