import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { EventQueue } from '../../src/sim/event-queue.ts';
import { Network } from '../../src/sim/network.ts';
import { Streams } from '../../src/sim/streams.ts';

class Setup {
  readonly queue = new EventQueue();
  readonly network: Network<string> = new Network<string>(
    this.queue,
    new Prng(1),
    { hosts: 2, links: 2 },
    () => {},
  );
  readonly streams: Streams<number> = new Streams<number>(this.queue, this.network, new Prng(2));
  readonly log: string[] = [];

  open(host: number): void {
    this.streams.open(host, {
      streamUp: (peer) => this.log.push(`${host} up ${peer}`),
      streamDown: (peer) => this.log.push(`${host} down ${peer}`),
      message: (peer, message) => this.log.push(`${host} got ${message} from ${peer}`),
    });
    this.streams.setPeers(host, [1 - host]);
  }

  run(ms: number): string[] {
    this.log.length = 0;
    this.queue.runUntil(this.queue.now + ms, () => false);
    return [...this.log];
  }
}

function connected(): Setup {
  const setup = new Setup();
  setup.open(0);
  setup.open(1);
  expect(setup.run(1000)).toEqual(['0 up 1', '1 up 0']);
  return setup;
}

describe('streams', () => {
  it('connect only where both ends want it', () => {
    const setup = new Setup();
    setup.open(0);
    setup.open(1);
    setup.streams.setPeers(1, []);
    expect(setup.run(1000)).toEqual([]);
  });

  it('carry messages in order and complete, however late single ones are', () => {
    const setup = connected();
    const fault = { loss: 0.3, duplication: 0, delayMs: 0, jitterMs: 50 };
    setup.network.worsen(0, 1, 0, fault);
    for (let i = 0; i < 20; i += 1) setup.streams.send(0, 1, i);
    const expected = Array.from({ length: 20 }, (_, i) => `1 got ${i} from 0`);
    expect(setup.run(60_000)).toEqual(expected);
  });

  it('break when their path is cut, lose what was on its way, and come back on another link', () => {
    const setup = connected();
    setup.network.cut(0, 1, 0);
    setup.streams.send(0, 1, 7);
    expect(setup.run(2000)).toEqual(['0 down 1', '1 down 0', '0 up 1', '1 up 0']);
    setup.streams.send(0, 1, 8);
    expect(setup.run(100)).toEqual(['1 got 8 from 0']);
  });

  it('tell the surviving end soon when a process died, and late when its host lost its power', () => {
    const told = connected();
    told.streams.close(1, 'told');
    expect(told.run(10)).toEqual(['0 down 1']);
    const silent = connected();
    silent.streams.close(1, 'silent');
    expect(silent.run(150)).toEqual([]);
    expect(silent.run(1000)).toEqual(['0 down 1']);
  });

  it('give a restarted agent a new stream after its peer has seen the old one end', () => {
    const setup = connected();
    setup.streams.close(1, 'told');
    setup.open(1);
    expect(setup.run(1000)).toEqual(['0 down 1', '0 up 1', '1 up 0']);
  });
});
