import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { instanceId } from '../../src/model/ids.ts';
import { EventQueue } from '../../src/sim/event-queue.ts';
import { World } from '../../src/sim/world.ts';

const web = instanceId('web');
const vip = instanceId('vip');

class Setup {
  readonly queue: EventQueue = new EventQueue();
  readonly world: World = new World(this.queue, new Prng(1), 2, () => {});

  constructor() {
    this.world.powerOn(0);
    this.world.powerOn(1);
    this.world.openGate(0, 7);
    this.world.openGate(1, 8);
  }

  run(ms: number): void {
    this.queue.runUntil(this.queue.now + ms, () => false);
  }
}

describe('world', () => {
  it('lets nothing in through a gate that is shut', () => {
    const { world } = new Setup();
    expect(world.start(0, web, 7, undefined)).toBe(true);
    expect(world.start(0, vip, 6, undefined)).toBe(false);
    world.putDown(0, 7, 'term', [], []);
    expect(world.start(0, vip, 7, undefined)).toBe(false);
  });

  it('puts down what runs in the gate, and what is named beside it, and nothing else', () => {
    const setup = new Setup();
    const { world } = setup;
    const unit = instanceId('unit');
    const other = instanceId('other');
    const shared = instanceId('copy:0');
    world.start(0, web, 7, undefined);
    world.start(0, unit, 7, 'unit:a');
    world.start(0, other, 7, 'unit:b');
    world.start(0, shared, undefined, undefined);
    world.putDown(0, 7, 'kill', ['unit:a'], []);
    setup.run(100);
    expect([...world.kernel(0).things.keys()]).toEqual([other, shared]);
  });

  it('judges two active owners at once a violation', () => {
    const { world } = new Setup();
    world.start(0, web, 7, undefined);
    world.start(1, web, 8, undefined);
    expect(world.judge.violation).toMatchObject({ instance: web, hosts: [0, 1] });
  });

  it('does not judge copies of a clone', () => {
    const { world } = new Setup();
    world.start(0, instanceId('copy:0'), undefined, undefined);
    world.start(1, instanceId('copy:0'), undefined, undefined);
    expect(world.judge.doubles).toEqual([]);
  });

  it('counts what a thawed host runs beside its heir as the stated limit', () => {
    const { world } = new Setup();
    world.start(0, web, 7, undefined);
    world.freeze(0);
    expect(world.activeOn(web)).toEqual([]);
    world.start(1, web, 8, undefined);
    world.thaw(0, 500);
    expect(world.judge.violation).toBeUndefined();
    expect(world.judge.doubles).toMatchObject([{ kind: 'limit', hosts: [1, 0] }]);
  });

  it('ends an address that nobody renews after its kernel lifetime, on a frozen host too', () => {
    const setup = new Setup();
    const { world } = setup;
    world.setAddress(0, vip, () => {});
    setup.run(500);
    world.renewAddresses(0, [vip]);
    setup.run(900);
    expect(world.activeOn(vip)).toEqual([0]);
    world.freeze(0);
    setup.run(200);
    expect(world.activeOn(vip)).toEqual([]);
  });

  it('forgets everything when the power goes, what was under way included', () => {
    const setup = new Setup();
    const { world } = setup;
    let isDone = false;
    world.start(0, web, 7, undefined);
    world.onHost(0, 10, () => {
      isDone = true;
    });
    world.powerOff(0);
    world.powerOn(0);
    setup.run(100);
    expect(isDone).toBe(false);
    expect(world.activeOn(web)).toEqual([]);
  });

  it('does what was due on a frozen host when it thaws', () => {
    const setup = new Setup();
    const { world } = setup;
    let isDone = false;
    world.onHost(0, 10, () => {
      isDone = true;
    });
    world.freeze(0);
    setup.run(100);
    expect(isDone).toBe(false);
    world.thaw(0, 0);
    setup.run(1);
    expect(isDone).toBe(true);
  });
});
