import { unreachable } from '../base/assert.ts';
import { Prng } from '../base/prng.ts';
import { Heart } from '../core/membership/heart.ts';
import type { HeartEffect, HeartInput } from '../core/membership/heart-machine.ts';
import type { PeerAddress } from '../core/node/node-io.ts';
import { Driver } from '../driver/driver.ts';
import type { ClusterSecrets } from '../model/command.ts';
import { Addresses } from '../runtime/gate/addresses.ts';
import { openGates } from '../runtime/gate/open-gates.ts';
import type { NodeDirectories, NodeFile } from '../runtime/identity/node-file.ts';
import { journal } from '../runtime/journal.ts';
import { datagramKey } from '../runtime/net/datagram-seal.ts';
import { Datagrams } from '../runtime/net/datagrams.ts';
import { AlarmClock } from '../runtime/time/alarm-clock.ts';
import { AgentProcess } from './agent-process.ts';
import type { ChannelFromAgent } from './channel-messages.ts';
import { exitConfig } from './exit-config.ts';
import { FormerAgent } from './former-agent.ts';
import { HeartMemoryFile } from './heart-memory.ts';
import { heartNoteText } from './heart-note-text.ts';
import { takeRestartMark } from './restart-mark.ts';

/** Keys before the newest are accepted for so long: a member that learns it later is told by its streams. */
const formerKeysMs = 60_000;

export interface HeartProcessOptions {
  readonly directories: NodeDirectories;
  readonly node: NodeFile;
  /** Number of this run (R1). */
  readonly run: number;
  /** The command that runs the agent. */
  readonly agentCommand: readonly string[];
  /** The agent cannot work until somebody mends what it complained of, and nothing is left that needs a heart. */
  readonly onUseless: () => void;
  /** Ends this host at once when not everything could be put down. */
  readonly resetHost: (reason: string) => void;
}

/** The heart's machine with its real ports. */
export class HeartProcess {
  readonly #options: HeartProcessOptions;
  readonly #clock = new AlarmClock();
  readonly #memory: HeartMemoryFile;
  readonly #formerAgent: FormerAgent;
  readonly #gate;
  readonly #addresses = new Addresses();
  readonly #datagrams: Datagrams;
  readonly #agent: AgentProcess;
  readonly #driver: Driver<HeartInput, HeartEffect>;
  /** Everything exclusive is being put down; then the agent is ended. */
  #isStopping = false;
  #isEnding = false;
  #formerKeys: NodeJS.Timeout | undefined;
  /** An agent of this run has said a word: this node is needed, as a voter at least. */
  #agentSpoke = false;
  /** The last agent ended with `exitConfig`. */
  #agentRefused = false;
  #gateOpen = false;

  constructor(options: HeartProcessOptions) {
    const { directories, node, run, agentCommand } = options;
    this.#options = options;
    this.#memory = new HeartMemoryFile(directories.run);
    this.#formerAgent = new FormerAgent(directories.run);
    this.#gate = openGates(directories.run);
    this.#datagrams = new Datagrams({
      self: node.node,
      number: node.number,
      clusterUuid: node.clusterId,
      run,
      links: node.links.map((link, number) => ({ ...link, number })),
      onPacket: (from, link, packet) => this.#driver.feed({ kind: 'packet', from, link, packet }),
    });
    this.#agent = new AgentProcess(
      agentCommand,
      {},
      {
        onStart: (pid) => this.#formerAgent.remember(pid),
        onUp: () => this.#driver.feed({ kind: 'agent-up' }),
        onMessage: (message) => this.#fromAgent(message),
        onDown: (exitCode) => this.#agentDown(exitCode),
      },
    );
    const heart = new Heart({
      self: node.node,
      run,
      memory: this.#memory.load(),
      now: this.#clock.now(),
      prng: new Prng(run),
    });
    this.#driver = new Driver<HeartInput, HeartEffect>(
      heart,
      { kind: 'wake' },
      (effect) => this.#perform(effect),
      this.#clock,
    );
  }

  /** Throws a `PortError` where a port is taken. */
  async start(): Promise<void> {
    await this.#datagrams.start();
    // Only now: the ports are ours, so no other heart is there whose agent it could be.
    if (this.#formerAgent.end()) journal('notice', 'heart: ended the agent of the heart before');
    this.#addresses.start();
    this.#configureNetwork(this.#options.node.seeds, this.#options.node.secrets);
    this.#driver.feed({ kind: 'wake' });
  }

  /**
   * Ends the agent, then this process. In a restart what runs on the node goes on, and the next heart takes it over;
   * otherwise nobody would watch the lease, so what may run on one node only is put down first (R10).
   */
  stop(): void {
    if (this.#isEnding || this.#isStopping) return;
    if (takeRestartMark(this.#options.directories.run)) {
      this.#endAgent();
      return;
    }
    this.#isStopping = true;
    this.#driver.feed({ kind: 'agent', message: { kind: 'put-down' } });
    // Otherwise the last report of the put-down does it.
    if (this.#gate.incarnations().length === 0) this.#endAgent();
  }

  #endAgent(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#agent.isRunning) this.#agent.terminate();
    else this.#end();
  }

  #end(): void {
    clearTimeout(this.#formerKeys);
    this.#driver.stop();
    this.#addresses.close();
    void this.#datagrams.close();
  }

  #agentDown(exitCode: number | undefined): void {
    if (this.#isEnding) return this.#end();
    this.#agentRefused = exitCode === exitConfig;
    this.#driver.feed({ kind: 'agent-down' });
    this.#endIfUseless();
  }

  get #isUseless(): boolean {
    return this.#agentRefused && !this.#agentSpoke && !this.#gateOpen;
  }

  /** Starting the same agent again and again mends nothing; systemd shows a unit that failed. */
  #endIfUseless(): void {
    if (!this.#isUseless || this.#isEnding) return;
    this.#isEnding = true;
    journal('error', 'heart: ends, for its agent cannot work here: mend what it says above');
    this.#end();
    this.#options.onUseless();
  }

  #fromAgent(message: ChannelFromAgent): void {
    if (message.kind === 'network') this.#configureNetwork(message.peers, message.secrets);
    else this.#driver.feed({ kind: 'agent', message: message.message });
    this.#agentSpoke = true;
  }

  #configureNetwork(peers: readonly PeerAddress[], secrets: ClusterSecrets): void {
    const { clusterId } = this.#options.node;
    const [key, ...alsoAccepted] = secrets.datagramKeys.map(({ generation, secretBase64 }) =>
      datagramKey(clusterId, generation, Buffer.from(secretBase64, 'base64')),
    );
    if (key === undefined) return;
    this.#datagrams.configure({ peers, key, alsoAccepted });
    clearTimeout(this.#formerKeys);
    if (alsoAccepted.length === 0) return;
    // A node that was removed knows them: they only bridge the time in which the others learn the new one.
    this.#formerKeys = setTimeout(() => {
      this.#datagrams.configure({ peers, key, alsoAccepted: [] });
    }, formerKeysMs);
  }

  #perform(effect: HeartEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#datagrams.send(effect.to, effect.link, effect.packet);
      case 'agent':
        return this.#agent.send(effect.message);
      case 'start-agent':
        if (!this.#isEnding && !this.#isStopping) this.#agent.start();
        return;
      case 'kill-agent':
        return this.#agent.kill();
      case 'open-gate':
        this.#gateOpen = true;
        return this.#gate.open(effect.incarnation);
      case 'put-down':
        return this.#putDown(effect);
      case 'set-address': {
        const { request, held } = effect;
        return this.#addresses.set(held, (error) =>
          this.#driver.feed({ kind: 'address-done', request, error }),
        );
      }
      case 'remove-address': {
        const { request, held } = effect;
        return this.#addresses.remove(held, (error) =>
          this.#driver.feed({ kind: 'address-done', request, error }),
        );
      }
      case 'renew-addresses':
        return this.#addresses.renew(effect.held);
      case 'remember':
        return this.#memory.store(effect.memory);
      case 'feed-watchdog':
        return; // No watchdog device is configured.
      case 'reset-host':
        journal('error', `heart: resets this host: ${effect.reason}`);
        return this.#options.resetHost(effect.reason);
      case 'note': {
        const line = heartNoteText(effect.note, this.#gateOpen);
        if (effect.note.kind === 'agent-down' && this.#isUseless) return; // It ends, and says so.
        if (line !== undefined) journal(line.urgency, `heart: ${line.text}`);
        if (effect.note.kind === 'put-down') {
          this.#gateOpen = false;
          this.#endIfUseless();
        }
        return;
      }
      default:
        return unreachable(effect);
    }
  }

  /** Addresses first: a request must not reach what is about to end. */
  #putDown(effect: HeartEffect & { readonly kind: 'put-down' }): void {
    const { incarnation, signal, controlGroups, addresses } = effect;
    const standing = new Set(addresses.map((held) => held.address));
    const report = (processes: readonly string[]): void => {
      const left = [...processes, ...[...standing].map((address) => `address ${address}`)];
      this.#driver.feed({ kind: 'put-down-progress', incarnation, left });
      if (this.#isStopping && left.length === 0) this.#endAgent();
    };
    for (const held of addresses) {
      this.#addresses.remove(held, (error) => {
        if (error === undefined) standing.delete(held.address);
        // Only a look: by now the same gate may be open again.
        report(this.#gate.left(incarnation, controlGroups));
      });
    }
    report(this.#gate.putDown(incarnation, signal, controlGroups));
  }
}
