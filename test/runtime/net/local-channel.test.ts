import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type ChannelEnd, LocalChannel } from '../../../src/runtime/net/local-channel.ts';
import { until } from './until.ts';

interface Message {
  readonly number?: number;
  readonly text?: string;
  readonly act?: 'exit' | 'block' | 'garbage';
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A child process that answers every message with the same message. */
function echo() {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'echo-agent.ts')], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  cleanups.push(() => child.kill('SIGKILL'));
  const received: Message[] = [];
  const ends: ChannelEnd[] = [];
  const socket = child.stdio[3];
  if (!(socket instanceof Socket)) throw new Error('no socket pair');
  const channel = new LocalChannel<Message, Message>(socket, {
    onMessage: (message) => received.push(message),
    onClose: (end) => ends.push(end),
  });
  return { child, channel, received, ends };
}

describe('local channel', () => {
  it('carries messages both ways in order', async () => {
    const { channel, received, ends } = echo();
    for (let number = 0; number < 1000; number += 1) channel.send({ number });
    channel.send({ text: 'ü'.repeat(200_000) });
    await until(() => received.length === 1001);
    expect(received.slice(0, 1000)).toEqual(
      Array.from({ length: 1000 }, (_, number) => ({ number })),
    );
    expect(received[1000]?.text).toHaveLength(200_000);
    expect(ends).toEqual([]);
  });

  it.each(['SIGKILL', 'exit'] as const)(
    'tells once that the other process ended (%s)',
    async (how) => {
      const { child, channel, received, ends } = echo();
      channel.send({ number: 1 });
      await until(() => received.length === 1);
      if (how === 'exit') channel.send({ act: 'exit' });
      else child.kill(how);
      await until(() => ends.length > 0);
      channel.send({ number: 2 });
      expect(ends).toEqual(['closed']);
    },
  );

  it('drops a process that does not read, and never waits for it', async () => {
    const { channel, received, ends } = echo();
    channel.send({ act: 'block' });
    await until(() => received.length === 1);
    const text = 'x'.repeat(10_000);
    let sent = 0;
    for (; ends.length === 0 && sent < 1000; sent += 1) channel.send({ text });
    expect(ends).toEqual(['stuck']);
    expect(sent * 10_000).toBeGreaterThan(1 << 20);
    expect(sent * 10_000).toBeLessThan(4 << 20);
  });

  it('drops a process that sends something else than messages', async () => {
    const { channel, ends } = echo();
    channel.send({ act: 'garbage' });
    await until(() => ends.length > 0);
    expect(ends).toEqual(['malformed']);
  });

  it('is silent after it was closed here', async () => {
    const { child, channel, ends } = echo();
    channel.send({ number: 1 });
    channel.close();
    await until(() => child.exitCode !== null);
    expect(ends).toEqual([]);
  });
});
