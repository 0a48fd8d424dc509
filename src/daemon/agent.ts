import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { ApiRequest, ApiResponse } from '../api/requests.ts';
import { unreachable } from '../base/assert.ts';
import { Prng } from '../base/prng.ts';
import type { NodeEffect, NodeInput, PeerAddress } from '../core/node/node-io.ts';
import { NodeMachine } from '../core/node/node-machine.ts';
import type { PeerMessage } from '../core/node/peer-message.ts';
import { Driver } from '../driver/driver.ts';
import type { ClusterSecrets } from '../model/command.ts';
import { LogStore } from '../runtime/disk/log-store.ts';
import { openGates } from '../runtime/gate/open-gates.ts';
import {
  logDirectory,
  type NodeDirectories,
  type NodeFile,
} from '../runtime/identity/node-file.ts';
import { journal } from '../runtime/journal.ts';
import { Streams } from '../runtime/net/streams.ts';
import type { LoadedCredentials } from '../runtime/pki/node-credentials.ts';
import { type ResourceEvent, Resources } from '../runtime/resources/resources.ts';
import { AlarmClock } from '../runtime/time/alarm-clock.ts';
import { Admission } from './admission.ts';
import { ControlServer } from './control-server.ts';
import { exclusiveUnits, GuardUnits } from './guard-units.ts';
import { HeartPort } from './heart-port.ts';
import { nodeNoteText } from './node-note-text.ts';
import { missingAddresses, ownAddresses } from './own-addresses.ts';
import { Refusals } from './refusals.ts';

export interface AgentOptions {
  readonly directories: NodeDirectories;
  readonly node: NodeFile;
  readonly credentials: LoadedCredentials;
  readonly version: string;
  readonly socket: string;
  /** The process is to end with this code. */
  readonly onEnd: (code: number) => void;
}

/** Group that may use the control socket. */
const SOCKET_GROUP = 'holdfast';
/** EX_IOERR. */
const EXIT_IO = 74;
/** The wall clock is compared with the node's own clock this often. */
const WALL_CHECK_MS = 1000;
const WALL_STEP_MS = 20;

/** The agent's machine with its real ports. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #clock = new AlarmClock();
  readonly #log: LogStore;
  readonly #streams: Streams;
  readonly #heart: HeartPort;
  readonly #resources: Resources;
  readonly #control: ControlServer;
  readonly #guards: GuardUnits;
  readonly #refusals = new Refusals(() => this.#clock.now());
  readonly #machine: NodeMachine;
  readonly #driver: Driver<NodeInput, NodeEffect>;
  readonly #waiting = new Map<number, (response: ApiResponse) => void>();
  #nextRequest = 1;
  #membership: { readonly peers: readonly PeerAddress[]; readonly secrets: ClusterSecrets };
  #wallTimer: NodeJS.Timeout | undefined;
  #wallOffsetMs: number;
  #isEnding = false;

  private constructor(options: AgentOptions, log: LogStore) {
    const { node, directories } = options;
    this.#options = options;
    this.#log = log;
    this.#membership = { peers: node.seeds, secrets: node.secrets };
    this.#wallOffsetMs = this.#clock.clock.wallOffsetMs();
    this.#heart = new HeartPort(
      (message) => {
        if (message.kind === 'view') {
          for (const { node: peer, links } of message.view.peers) {
            for (const { link, up, rttMs } of links) this.#streams.linkState(peer, link, up, rttMs);
          }
        }
        this.#driver.feed({ kind: 'heart', message });
        if (message.kind === 'gate' && message.open) this.#prepareUnits(message.incarnation);
      },
      () => this.#heartGone(),
    );
    this.#resources = new Resources({
      gate: openGates(directories.run),
      runDirectory: directories.run,
      node: node.node,
      heart: this.#heart,
      onEvent: (event) => this.#resourceEvent(event),
    });
    this.#guards = new GuardUnits({
      controlGroups: (unit) =>
        hasSystemd()
          ? this.#resources.controlGroups({ kind: 'systemd', unit })
          : Promise.resolve([]),
      send: (guard) => this.#heart.send(guard),
    });
    this.#streams = this.#makeStreams();
    this.#control = new ControlServer({
      socket: options.socket,
      group: SOCKET_GROUP,
      handle: (request, respond) => this.#request(request, respond),
    });
    const now = this.#clock.now();
    this.#machine = new NodeMachine({
      self: node.node,
      version: options.version,
      addresses: node.links,
      disk: log.state,
      seeds: node.seeds,
      secrets: node.secrets,
      prng: new Prng(Math.floor(now * 1000) ^ node.number),
      now,
      wallOffsetMs: this.#wallOffsetMs,
      // Grows from one agent process to the next on one boot.
      firstOperation: Math.floor(now),
    });
    this.#driver = new Driver<NodeInput, NodeEffect>(
      this.#machine,
      { kind: 'wake' },
      (effect) => this.#perform(effect),
      this.#clock,
    );
  }

  /** Throws `DiskError`, `PortError` or `CredentialError` where this node cannot work. */
  static async start(options: AgentOptions): Promise<Agent> {
    const { directories, node } = options;
    const early: (() => void)[] = [];
    let agent: Agent | undefined;
    const whenReady = (act: (ready: Agent) => void): void => {
      if (agent === undefined) early.push(() => agent !== undefined && act(agent));
      else act(agent);
    };
    const log = await LogStore.open({
      directory: logDirectory(directories),
      identity: { clusterUuid: node.clusterId, node: node.node },
      create: false,
      onWritten: (ticket) =>
        whenReady((ready) => ready.#driver.feed({ kind: 'persisted', ticket })),
      onTrouble: (error, final) => whenReady((ready) => ready.#diskTrouble(error, final)),
      onRecovered: () =>
        whenReady((ready) => ready.#driver.feed({ kind: 'disk-trouble', reason: undefined })),
    });
    agent = new Agent(options, log);
    for (const act of early) act();
    await agent.#begin();
    return agent;
  }

  async #begin(): Promise<void> {
    await this.#streams.start();
    await this.#control.listen();
    this.#wallTimer = setInterval(() => this.#checkWallClock(), WALL_CHECK_MS);
    this.#driver.feed({ kind: 'wake' });
  }

  /** Ends this process; the node stays a member for a while and what runs on it goes on. */
  async stop(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    clearInterval(this.#wallTimer);
    this.#heart.send({ kind: 'bye' });
    this.#driver.stop();
    await Promise.all([this.#control.close(), this.#streams.close(), this.#log.close()]);
    this.#resources.close();
    this.#heart.close();
    this.#options.onEnd(0);
  }

  #makeStreams(): Streams {
    const { node, credentials, directories } = this.#options;
    const admission = new Admission({
      self: node.node,
      cluster: () => this.#machine.state.config?.name ?? node.clusterId,
      clusterId: node.clusterId,
      credentialDirectory: directories.etc,
      ask: (request) => new Promise((resolve) => this.#request(request, resolve)),
      membership: () => this.#membership,
    });
    return new Streams({
      self: node.node,
      clusterUuid: node.clusterId,
      links: node.links,
      credentials,
      onMessage: (from, message) =>
        this.#driver.feed({ kind: 'message', from, message: message as PeerMessage }),
      onUp: (peer) => {
        this.#refusals.accepted(peer);
        this.#driver.feed({ kind: 'stream', peer, up: true });
      },
      onDown: (peer) => this.#driver.feed({ kind: 'stream', peer, up: false }),
      onRefused: ({ refusal, claimed, host }) =>
        tellRefusal(this.#refusals.refused(claimed, host, refusal)),
      onRefusedByPeer: (peer, refusal) => tellRefusal(this.#refusals.refusedBy(peer, refusal)),
      onJoin: (request, host, answer) => {
        void admission.answer(request, host).then(answer);
      },
    });
  }

  #perform(effect: NodeEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#streams.send(effect.to, effect.message);
        return;
      case 'persist':
        return this.#log.write(effect.ticket, effect.write);
      case 'heart':
        if (effect.message.kind === 'guard') return this.#guards.send(effect.message);
        return this.#heart.send(effect.message);
      case 'operate': {
        const { operation } = effect;
        return this.#resources.perform(operation, (result) =>
          this.#driver.feed({ kind: 'operation-done', operation: operation.id, result }),
        );
      }
      case 'cancel':
        return this.#resources.cancel(effect.operation);
      case 'watch':
        // It begins by itself with each start and monitor that goes well.
        if (!effect.on) this.#resources.unwatch(effect.instance);
        return;
      case 'respond': {
        const respond = this.#waiting.get(effect.id);
        this.#waiting.delete(effect.id);
        respond?.(this.#withTrouble(effect.response));
        return;
      }
      case 'peers':
        return this.#peersChanged(effect.peers, effect.secrets);
      case 'events':
        return this.#control.eventsChanged();
      case 'end':
        journal('notice', `agent: ${effect.reason}`);
        return;
      case 'note': {
        const line = nodeNoteText(effect.note);
        if (line !== undefined) journal(line.urgency, `agent: ${line.text}`);
        return;
      }
      default:
        return unreachable(effect);
    }
  }

  #peersChanged(peers: readonly PeerAddress[], secrets: ClusterSecrets): void {
    this.#membership = { peers, secrets };
    this.#streams.configure(
      peers.map(({ node, addresses, fingerprint }) => ({
        node,
        addresses,
        ...(fingerprint === undefined ? {} : { fingerprints: [fingerprint] }),
      })),
    );
    this.#heart.sendNetwork(peers, secrets);
  }

  #request(request: ApiRequest, respond: (response: ApiResponse) => void): void {
    const id = this.#nextRequest;
    this.#nextRequest += 1;
    this.#waiting.set(id, respond);
    this.#driver.feed({ kind: 'request', id, request: withFreshKey(request) });
  }

  /** So that no start has to wait until systemd has read its files again. */
  #prepareUnits(incarnation: number): void {
    const units = exclusiveUnits(this.#machine.state.config);
    if (units.length === 0 || !hasSystemd()) return;
    this.#resources.prepareUnits(units, incarnation).catch((error: unknown) => {
      journal('warning', `agent: systemd units could not be prepared: ${error}`);
    });
  }

  /** What the machine cannot know. */
  #withTrouble(response: ApiResponse): ApiResponse {
    if (response.kind !== 'status') return response;
    const { node, links } = this.#options.node;
    const trouble = [
      ...response.status.trouble,
      ...missingAddresses(node, links, ownAddresses()),
      ...this.#refusals.trouble,
    ];
    return { ...response, status: { ...response.status, trouble } };
  }

  #resourceEvent(event: ResourceEvent): void {
    const { instance, detail } = event;
    if (event.kind === 'address-mended') {
      journal('warning', `agent: ${instance}: ${detail}`);
      this.#driver.feed({ kind: 'mended', instance, detail });
      return;
    }
    // A main process can be replaced on purpose (an upgrade in place): then the agent's own monitor decides.
    const certain = event.kind !== 'main-exited' || event.certain;
    this.#driver.feed({ kind: 'ended', instance, detail, certain });
  }

  #diskTrouble(error: Error, final: boolean): void {
    this.#driver.feed({ kind: 'disk-trouble', reason: error.message });
    if (!final) return;
    journal('error', `agent: ends, for its log cannot be written: ${error.message}`);
    this.#options.onEnd(EXIT_IO);
  }

  /** Without its heart an agent is nobody's: the next heart starts its own. */
  #heartGone(): void {
    if (this.#isEnding) return;
    journal('error', 'agent: the heart is gone; ends');
    this.#options.onEnd(EXIT_IO);
  }

  #checkWallClock(): void {
    const offsetMs = this.#clock.clock.wallOffsetMs();
    if (Math.abs(offsetMs - this.#wallOffsetMs) < WALL_STEP_MS) return;
    this.#wallOffsetMs = offsetMs;
    this.#driver.feed({ kind: 'wall-clock', offsetMs });
  }
}

/** A removal brings a new key for datagrams: made here, for what a client sent could be known to somebody. */
function withFreshKey(request: ApiRequest): ApiRequest {
  if (request.kind !== 'remove-node') return request;
  return { ...request, newDatagramSecret: randomBytes(32).toString('base64') };
}

function tellRefusal(text: string | undefined): void {
  if (text !== undefined) journal('warning', `agent: ${text}`);
}

/** Whether systemd runs this host (sd_booted(3)). */
function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}
