import { writeSync } from 'node:fs';
import { agentChannelFd, LocalChannel } from '../../../src/runtime/net/local-channel.ts';

/* The other end of a local channel: answers every message with itself, and misbehaves on request. */

interface Message {
  readonly act?: 'exit' | 'block' | 'garbage';
}

const channel = LocalChannel.toHeart<Message, Message>({
  onMessage: (message) => {
    channel.send(message);
    if (message.act === 'exit') process.exit(0);
    if (message.act === 'garbage') writeSync(agentChannelFd, '\0\0\0\x03\x01xyz');
    // Hangs until it is killed, after the answer was sent.
    if (message.act === 'block')
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  },
  onClose: () => process.exit(0),
});
