import { existsSync } from 'node:fs';
import type { Message, MessageBus } from 'dbus-native';

const service = 'org.freedesktop.systemd1';
const managerPath = '/org/freedesktop/systemd1';
const managerInterface = 'org.freedesktop.systemd1.Manager';
const propertiesInterface = 'org.freedesktop.DBus.Properties';
const unitInterface = 'org.freedesktop.systemd1.Unit';
const serviceInterface = 'org.freedesktop.systemd1.Service';

/**
 * How a job of systemd ended: `done`, `failed`, `assert`, `dependency`, `timeout`, `canceled`,
 * `skipped`…
 */
export type JobResult = string;

/** What is known of a unit. */
export interface UnitState {
  /** `loaded`, `not-found`, `masked`, `error`… */
  readonly loadState: string;
  /** `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`, `maintenance`. */
  readonly activeState: string;
  readonly subState: string;
  /** Below the root of control groups; empty while nothing runs. */
  readonly controlGroup: string;
  readonly slice: string;
  readonly mainPid: number;
  /** Why a service failed: `exit-code`, `signal`, `timeout`… */
  readonly result: string;
  readonly exitStatus: number;
  readonly needsReload: boolean;
}

export interface SystemdBusEvents {
  /** A unit may have changed. */
  readonly onUnit: (path: string) => void;
  /** The connection is there, for the first time or again: events may have been missed. */
  readonly onConnected: () => void;
}

/** A way to systemd: through the system bus, or directly. */
export interface BusSocket {
  readonly path: string;
  readonly direct: boolean;
}

/**
 * The second is for root only, and works while the bus is down: early at boot, late at shutdown, in
 * its restart.
 */
const systemdSockets: readonly BusSocket[] = [
  { path: '/run/dbus/system_bus_socket', direct: false },
  { path: '/run/systemd/private', direct: true },
];

const connectMs = 5_000;
const reconnectMs = 500;

/**
 * The connection to systemd over D-Bus: one, made when it is first needed, and made anew when it
 * ends (a restart of the bus or of systemd's own process).
 */
export class SystemdBus {
  readonly #events: SystemdBusEvents;
  readonly #sockets: readonly BusSocket[];
  readonly #jobs = new Map<string, (result: JobResult) => void>();
  /**
   * Jobs that ended before anybody waited for them, for a signal may come before the answer of the
   * call.
   */
  readonly #ended = new Map<string, JobResult>();
  readonly #followed = new Set<string>();
  #bus: Promise<MessageBus> | undefined;
  /** Whether the connection leads to systemd itself: then there is no bus that chooses messages. */
  #direct = false;
  #closed = false;

  constructor(events: SystemdBusEvents, sockets: readonly BusSocket[] = systemdSockets) {
    this.#events = events;
    this.#sockets = sockets;
  }

  /** The object path of a unit, which is loaded. */
  async loadUnit(unit: string): Promise<string> {
    return String(await this.#call('LoadUnit', 's', [unit]));
  }

  async unitState(path: string): Promise<UnitState> {
    const [unit, main] = await Promise.all([
      this.#properties(path, unitInterface),
      this.#properties(path, serviceInterface).catch(() => ({})),
    ]);
    const all: Readonly<Record<string, unknown>> = { ...unit, ...main };
    const text = (name: string): string => String(all[name] ?? '');
    return {
      loadState: text('LoadState'),
      activeState: text('ActiveState'),
      subState: text('SubState'),
      controlGroup: text('ControlGroup'),
      slice: text('Slice'),
      mainPid: Number(all.MainPID ?? 0),
      result: text('Result'),
      exitStatus: Number(all.ExecMainStatus ?? 0),
      needsReload: all.NeedDaemonReload === true,
    };
  }

  /** Begins a job and waits for its end. The job goes on in systemd if the wait is given up. */
  async runJob(
    method: 'StartUnit' | 'StopUnit',
    unit: string,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<JobResult | 'timed-out' | 'cancelled'> {
    const job = String(await this.#call(method, 'ss', [unit, 'replace']));
    const { promise, resolve } = Promise.withResolvers<JobResult>();
    const cancel = (): void => resolve('cancelled');
    const timer = setTimeout(() => resolve('timed-out'), timeoutMs);
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted) cancel();
    this.#jobs.set(job, resolve);
    const ended = this.#ended.get(job);
    if (ended !== undefined) resolve(ended);
    const result = await promise;
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
    this.#jobs.delete(job);
    this.#ended.delete(job);
    return result;
  }

  /** Makes systemd read its unit files again. */
  async reload(): Promise<void> {
    await this.#call('Reload', '', []);
  }

  async resetFailed(unit: string): Promise<void> {
    await this.#call('ResetFailedUnit', 's', [unit]);
  }

  /** From now on changes of this unit are told. */
  async follow(path: string): Promise<void> {
    if (this.#followed.has(path)) return;
    this.#followed.add(path);
    const bus = await this.#connect();
    if (!this.#direct) await busCall(bus, 'AddMatch', ruleOf(path));
  }

  async unfollow(path: string): Promise<void> {
    if (!this.#followed.delete(path)) return;
    const bus = await this.#connect();
    if (!this.#direct) await busCall(bus, 'RemoveMatch', ruleOf(path));
  }

  close(): void {
    this.#closed = true;
    void this.#bus?.then((bus) => bus.close()).catch(() => undefined);
  }

  async #properties(path: string, interfaceName: string): Promise<Record<string, unknown>> {
    return await this.#invoke<Record<string, unknown>>({
      path,
      interface: propertiesInterface,
      member: 'GetAll',
      signature: 's',
      body: [interfaceName],
    });
  }

  #call(member: string, signature: string, body: readonly unknown[]): Promise<unknown> {
    const message = { path: managerPath, interface: managerInterface, member };
    if (signature === '') return this.#invoke(message);
    return this.#invoke({ ...message, signature, body: [...body] });
  }

  async #invoke<T>(message: Message): Promise<T> {
    const bus = await this.#connect();
    return await bus.invoke<T>({ destination: service, ...message });
  }

  #connect(): Promise<MessageBus> {
    this.#bus ??= this.#open();
    return this.#bus;
  }

  async #open(): Promise<MessageBus> {
    let first: unknown;
    for (const socket of this.#sockets) {
      try {
        return await this.#openSocket(socket);
      } catch (error) {
        first ??= error;
      }
    }
    this.#bus = undefined;
    throw first;
  }

  async #openSocket({ path, direct }: BusSocket): Promise<MessageBus> {
    if (!existsSync(path)) throw new Error(`there is no D-Bus socket ${path}`);
    // By its default: a bundle has no other names of a CommonJS package.
    const { createClient } = (await import('dbus-native')).default;
    const bus = createClient({ busAddress: `unix:path=${path}`, direct });
    const { connection } = bus;
    let isOpen = false;
    const broken = new Promise<never>((_, reject) => {
      connection.on('error', reject);
      connection.on('close', (cause) => {
        reject(cause ?? new Error('D-Bus closed the connection'));
        if (isOpen) this.#lost();
      });
    });
    broken.catch(() => {}); // After the opening, 'close' says it all.
    connection.on('message', (message) => this.#read(message));
    try {
      await Promise.race([within(connectMs, this.#subscribe(bus, direct)), broken]);
    } catch (error) {
      connection.end();
      throw error;
    }
    isOpen = true;
    this.#direct = direct;
    this.#events.onConnected();
    return bus;
  }

  async #subscribe(bus: MessageBus, direct: boolean): Promise<void> {
    if (direct) await firstAnswer(bus);
    const rules = direct ? [] : [jobRule, ownerRule, ...[...this.#followed].map(ruleOf)];
    await Promise.all(rules.map((rule) => busCall(bus, 'AddMatch', rule)));
    const message = { destination: service, path: managerPath, interface: managerInterface };
    await bus.invoke({ ...message, member: 'Subscribe' });
  }

  #lost(): void {
    this.#bus = undefined;
    for (const resolve of this.#jobs.values()) resolve('connection lost');
    this.#jobs.clear();
    if (this.#closed || this.#followed.size === 0) return;
    setTimeout(() => {
      if (!this.#closed) this.#connect().catch(() => this.#lost());
    }, reconnectMs).unref();
  }

  #read(message: Message): void {
    if (message.member === 'JobRemoved' && message.path === managerPath) {
      const [, job, , result] = message.body ?? [];
      const waiting = this.#jobs.get(String(job));
      if (waiting !== undefined) waiting(String(result));
      else this.#remember(String(job), String(result));
    } else if (message.member === 'PropertiesChanged' && message.path !== undefined) {
      if (this.#followed.has(message.path)) this.#events.onUnit(message.path);
    } else if (message.member === 'NameOwnerChanged' && message.body?.[0] === service) {
      this.#events.onConnected(); // systemd began anew behind the same bus.
    }
  }

  #remember(job: string, result: JobResult): void {
    this.#ended.set(job, result);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > rememberedMax && oldest !== undefined) this.#ended.delete(oldest);
  }
}

const rememberedMax = 64;
const pingMs = 30;
const jobRule = `${signalsOf(service)},interface='${managerInterface}',member='JobRemoved'`;
const ownerRule = `${signalsOf('org.freedesktop.DBus')},member='NameOwnerChanged',arg0='${service}'`;

function ruleOf(path: string): string {
  return `${signalsOf(service)},path='${path}',interface='${propertiesInterface}'`;
}

/** Begin of a match rule (D-Bus specification, "Match Rules"). */
function signalsOf(sender: string): string {
  return `type='signal',sender='${sender}'`;
}

/**
 * Waits until a direct connection is answered. systemd does not look at a first message that
 * reaches it together with the end of the authentication, until another one comes: so it is asked
 * again until it answers.
 */
async function firstAnswer(bus: MessageBus): Promise<void> {
  const ping = { path: '/', interface: 'org.freedesktop.DBus.Peer', member: 'Ping' };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ask = (): void => void bus.invoke(ping).then(() => resolve(), reject);
  const timer = setInterval(ask, pingMs);
  try {
    await promise;
  } finally {
    clearInterval(timer);
  }
}

async function busCall(bus: MessageBus, member: string, rule: string): Promise<void> {
  await bus.invokeDbus({ member, signature: 's', body: [rule] });
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => reject(new Error(`no answer from D-Bus within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
