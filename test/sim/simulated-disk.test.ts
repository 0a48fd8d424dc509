import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { EventQueue } from '../../src/sim/event-queue.ts';
import { SimulatedDisk } from '../../src/sim/simulated-disk.ts';

class Setup {
  readonly queue: EventQueue = new EventQueue();
  readonly done: number[] = [];
  readonly troubles: (string | undefined)[] = [];
  readonly disk: SimulatedDisk<readonly string[], string>;

  constructor(seed = 1) {
    this.disk = new SimulatedDisk<readonly string[], string>(
      this.queue,
      new Prng(seed),
      [],
      (image, write) => [...image, write],
    );
    this.disk.open({
      persisted: (ticket) => this.done.push(ticket),
      trouble: (reason) => this.troubles.push(reason),
    });
  }

  run(ms: number): void {
    this.queue.runUntil(this.queue.now + ms, () => false);
  }
}

describe('simulated disk', () => {
  it('says that a write is durable only when it is in the image', () => {
    const setup = new Setup();
    setup.disk.write(1, 'a');
    expect(setup.disk.image).toEqual([]);
    setup.run(100);
    expect(setup.disk.image).toEqual(['a']);
    expect(setup.done).toEqual([1]);
  });

  it('joins what waits into one sync, in order', () => {
    const setup = new Setup();
    for (let ticket = 1; ticket <= 5; ticket += 1) setup.disk.write(ticket, `w${ticket}`);
    setup.run(100);
    expect(setup.done).toEqual([1, 2, 3, 4, 5]);
    expect(setup.disk.image).toEqual(['w1', 'w2', 'w3', 'w4', 'w5']);
  });

  it('keeps a prefix of the unsynced writes at a crash, sometimes none, never one without those before', () => {
    const kept = new Set<number>();
    for (let seed = 1; seed <= 40; seed += 1) {
      const setup = new Setup(seed);
      for (let ticket = 1; ticket <= 3; ticket += 1) setup.disk.write(ticket, `w${ticket}`);
      setup.disk.crash();
      setup.run(100);
      expect(setup.done).toEqual([]);
      const { image } = setup.disk;
      expect(image).toEqual(['w1', 'w2', 'w3'].slice(0, image.length));
      kept.add(image.length);
    }
    expect(kept).toContain(0);
    expect(kept.size).toBeGreaterThan(1);
  });

  it('complains while it is full and writes what waited once there is room', () => {
    const setup = new Setup();
    setup.disk.fill();
    setup.disk.write(1, 'a');
    setup.run(100);
    expect(setup.troubles).toEqual(['no space left on device']);
    expect(setup.disk.image).toEqual([]);
    setup.disk.repair();
    setup.run(100);
    expect(setup.troubles).toEqual(['no space left on device', undefined]);
    expect(setup.disk.image).toEqual(['a']);
  });
});
