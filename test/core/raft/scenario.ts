import { defined } from '../../../src/base/assert.ts';
import { addMs, type Instant, instant, latest } from '../../../src/base/instant.ts';
import type { RaftEffect, RaftInput } from '../../../src/core/raft/contract.ts';
import type { RaftConfiguration } from '../../../src/core/raft/entry.ts';
import type { RaftMessage } from '../../../src/core/raft/messages.ts';
import { defaultRaftSettings, type RaftSettings } from '../../../src/core/raft/settings.ts';
import { type NodeId, nodeId } from '../../../src/model/ids.ts';
import { describeEffect, describeMessage, describeStatus } from './describe.ts';
import { TestNode } from './test-node.ts';

interface Flight {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: RaftMessage;
}

/** What `settle quiet` leaves out. */
const loudEffects: ReadonlySet<RaftEffect['kind']> = new Set(['persist', 'send']);

/**
 * Runs a scenario: one command at a time against nodes whose network and disks do nothing by
 * themselves. The answer to a command is the trace of all that it made the nodes do.
 */
export class Scenario {
  readonly #nodes = new Map<NodeId, TestNode>();
  #now: Instant = instant(0);
  #flights: Flight[] = [];
  readonly #cuts = new Set<string>();
  readonly #hanging = new Set<TestNode>();
  #trace: string[] = [];
  #isQuiet = false;

  run(line: string): string {
    const [command = '', ...words] = line.split(/\s+/);
    this.#trace = [];
    this.#isQuiet = words.at(-1) === 'quiet';
    this.#do(command, this.#isQuiet ? words.slice(0, -1) : words);
    return this.#trace.length === 0 ? 'nothing' : this.#trace.join('\n');
  }

  #do(command: string, words: readonly string[]): void {
    const [first = ''] = words;
    switch (command) {
      // cluster a b c [learners d] [waiting e] [pieces 20] [tail 2] [entries 1]: starts the nodes.
      case 'cluster':
        return void this.#cluster(words);
      // wake a: time passes until the deadline of a, who is woken.
      case 'wake':
        return void this.#wake(this.#node(first));
      // elect a: a is woken, and everything settles, until it leads.
      case 'elect':
        return void this.#elect(this.#node(first));
      // run 500: time passes as it would: whoever has a deadline is woken, then all settles.
      case 'run':
        return void this.#run(Number(first));
      // pass 500: time passes, nobody is woken.
      case 'pass':
        this.#now = addMs(this.#now, Number(first));
        return;
      // persist a: the oldest write of a reaches its disk.
      case 'persist':
        return void this.#persist(this.#node(first));
      // settle: writes end and messages arrive until there are no more. No time passes.
      case 'settle':
        return void this.#settle();
      // deliver a b: what is on its way from a to b arrives. lose a b: it is lost.
      case 'deliver':
        return void this.#takeFlights(words, true);
      case 'lose':
        return void this.#takeFlights(words, false);
      // hang a: nothing more reaches the disk of a, until mend a.
      case 'hang':
        this.#hanging.add(this.#node(first));
        return;
      case 'mend':
        this.#hanging.delete(this.#node(first));
        return;
      // cut a b: nothing passes between a and b. heal: everything does again.
      case 'cut':
        return void this.#cut(words);
      case 'heal':
        this.#cuts.clear();
        return;
      // crash a: what was not persisted is lost. start a: it comes back with its disk.
      case 'crash':
        this.#node(first).crash(0);
        return;
      case 'start':
        this.#node(first).start(this.#seedOf(first), this.#now);
        return;
      case 'status':
        return void this.#status(words);
      default:
        this.#input(command, words);
    }
  }

  #input(command: string, [first = '', ...rest]: readonly string[]): void {
    const node = this.#node(first);
    const [second = ''] = rest;
    const inputs: Record<string, () => RaftInput> = {
      propose: () => ({ kind: 'propose', commands: rest }),
      configure: () => ({ kind: 'change-configuration', configuration: configurationOf(rest) }),
      transfer: () => ({ kind: 'transfer', to: nodeId(second) }),
      silent: () => ({ kind: 'peer-silent', peer: nodeId(second) }),
      heard: () => ({ kind: 'peer-heard', peer: nodeId(second) }),
      'stream-up': () => ({ kind: 'stream-up', peer: nodeId(second) }),
      read: () => ({ kind: 'confirm-leadership', id: Number(second) }),
      snapshot: () => ({ kind: 'snapshot', index: node.machine.index, data: node.machine.data }),
    };
    this.#step(node, defined(inputs[command], `command ${command}`)());
  }

  #cluster(words: readonly string[]): void {
    const { voters, learners, waiting, numbers } = parseCluster(words);
    const settings: RaftSettings = {
      ...defaultRaftSettings,
      maxBytesPerMessage: numbers.get('pieces') ?? defaultRaftSettings.maxBytesPerMessage,
      tailEntries: numbers.get('tail') ?? defaultRaftSettings.tailEntries,
      maxEntriesPerMessage: numbers.get('entries') ?? defaultRaftSettings.maxEntriesPerMessage,
    };
    for (const id of [...voters, ...learners]) {
      this.#nodes.set(id, new TestNode(id, { voters, learners }, settings));
    }
    for (const id of waiting) {
      this.#nodes.set(id, new TestNode(id, { voters: [], learners: [] }, settings));
    }
    for (const [id, node] of this.#nodes) node.start(this.#seedOf(id), this.#now);
  }

  #seedOf(id: string): number {
    return id.charCodeAt(0);
  }

  #node(id: string): TestNode {
    return defined(this.#nodes.get(nodeId(id)), `node ${id}`);
  }

  #wake(node: TestNode): void {
    const deadline = node.deadline();
    if (deadline === undefined) {
      this.#trace.push(`${node.id} has no deadline`);
      return;
    }
    const before = this.#now;
    this.#now = latest(this.#now, deadline);
    this.#trace.push(`${this.#now - before} ms pass`);
    this.#step(node, { kind: 'wake' });
  }

  #elect(node: TestNode): void {
    for (let i = 0; i < 10 && node.raft?.role !== 'leader'; i += 1) {
      this.#wake(node);
      this.#settle();
    }
    const role = node.raft?.role ?? 'down';
    this.#trace = [`${node.id} is ${role} in term ${node.raft?.status(this.#now).term}`];
  }

  #run(ms: number): void {
    const end = addMs(this.#now, ms);
    for (;;) {
      const next = this.#nextDeadline();
      if (next === undefined || next.at > end) break;
      this.#now = latest(this.#now, next.at);
      this.#step(next.node, { kind: 'wake' });
      this.#settle();
    }
    this.#now = end;
  }

  #nextDeadline(): { readonly node: TestNode; readonly at: Instant } | undefined {
    let first: { readonly node: TestNode; readonly at: Instant } | undefined;
    for (const node of this.#nodes.values()) {
      const at = node.deadline();
      if (at !== undefined && (first === undefined || at < first.at)) first = { node, at };
    }
    return first;
  }

  #step(node: TestNode, input: RaftInput): void {
    for (const effect of node.step(input, this.#now)) {
      const isCut = effect.kind === 'send' && this.#cuts.has(`${node.id}>${effect.to}`);
      if (!this.#isQuiet || !loudEffects.has(effect.kind)) {
        this.#trace.push(`${node.id} ${describeEffect(effect)}${isCut ? ' (lost)' : ''}`);
      }
      this.#perform(node, effect, isCut);
    }
  }

  #perform(node: TestNode, effect: RaftEffect, isCut: boolean): void {
    if (effect.kind === 'send' && !isCut) {
      this.#flights.push({ from: node.id, to: effect.to, message: effect.message });
    }
    if (effect.kind === 'apply') for (const entry of effect.entries) node.machine.apply(entry);
    if (effect.kind === 'restore') node.machine.restore(effect.snapshot);
  }

  #persist(node: TestNode): void {
    const write = node.writes.shift();
    if (write === undefined) return;
    node.store(write.write);
    this.#step(node, { kind: 'persisted', ticket: write.ticket });
  }

  #settle(): void {
    for (let i = 0; i < 1000; i += 1) {
      const writing = [...this.#nodes.values()].find(
        (node) => node.writes.length > 0 && !this.#hanging.has(node),
      );
      const flight = this.#flights[0];
      if (writing !== undefined) this.#persist(writing);
      else if (flight !== undefined) this.#arrive(this.#flights.splice(0, 1));
      else return;
    }
    this.#trace.push('does not settle');
  }

  #arrive(flights: readonly Flight[]): void {
    for (const { from, to, message } of flights) {
      this.#step(this.#node(to), { kind: 'message', from, message });
    }
  }

  #takeFlights([from, to]: readonly string[], arrives: boolean): void {
    const isMeant = (flight: Flight): boolean => flight.from === from && flight.to === to;
    const taken = this.#flights.filter(isMeant);
    this.#flights = this.#flights.filter((flight) => !isMeant(flight));
    if (arrives) this.#arrive(taken);
    else for (const { message } of taken) this.#trace.push(`lost: ${describeMessage(message)}`);
  }

  #cut([a = '', ...others]: readonly string[]): void {
    for (const b of others) {
      this.#cuts.add(`${a}>${b}`);
      this.#cuts.add(`${b}>${a}`);
    }
  }

  #status(words: readonly string[]): void {
    for (const [id, node] of this.#nodes) {
      if (words.length > 0 && !words.includes(id)) continue;
      const status = node.raft?.status(this.#now);
      this.#trace.push(`${id} ${status === undefined ? 'is down' : describeStatus(status)}`);
    }
  }
}

interface ClusterWords {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly waiting: readonly NodeId[];
  readonly numbers: ReadonlyMap<string, number>;
}

/** Words before the first keyword are voters; a number belongs to the keyword before it. */
function parseCluster(words: readonly string[]): ClusterWords {
  const lists = new Map<string, NodeId[]>([['voters', []]]);
  const numbers = new Map<string, number>();
  let keyword = 'voters';
  for (const word of words) {
    if (word.length > 1 && !/^\d+$/.test(word)) keyword = word;
    else if (/^\d+$/.test(word)) numbers.set(keyword, Number(word));
    else lists.set(keyword, [...(lists.get(keyword) ?? []), nodeId(word)]);
  }
  const listOf = (name: string): readonly NodeId[] => lists.get(name) ?? [];
  return {
    voters: listOf('voters'),
    learners: listOf('learners'),
    waiting: listOf('waiting'),
    numbers,
  };
}

function configurationOf(words: readonly string[]): RaftConfiguration {
  const { voters, learners } = parseCluster(words);
  return { voters, learners };
}

/**
 * Runs a whole case: comments and blank lines stay as they are, each command is followed by
 * `----` and its answer, which ends at a blank line. Returns the text as it should read.
 */
export function runScenario(text: string): string {
  const scenario = new Scenario();
  const result: string[] = [];
  let isAnswer = false;
  for (const line of text.trimEnd().split('\n')) {
    if (line === '') isAnswer = false;
    if (isAnswer || line === '----') {
      isAnswer = true;
      continue;
    }
    result.push(line);
    if (line !== '' && !line.startsWith('#')) result.push('----', scenario.run(line));
  }
  return `${result.join('\n')}\n`;
}
