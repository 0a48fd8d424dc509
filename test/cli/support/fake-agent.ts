import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiError } from '../../../src/api/api-error.ts';
import type { ApiRequest, ApiResponse, StatusReport } from '../../../src/api/requests.ts';
import { ControlServer } from '../../../src/daemon/control-server.ts';
import type { ClusterConfig } from '../../../src/model/config.ts';
import type { ClusterEvent } from '../../../src/model/event.ts';
import { calm, configOf, siteText } from './status-fixture.ts';

type Configure = Extract<ApiRequest, { readonly kind: 'configure' }>;

/** An agent behind a real socket that answers from a status report and keeps a configuration. */
export class FakeAgent {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
  readonly socket: string = join(this.directory, 'agent.sock');
  /** Everything that was asked, in order. */
  readonly asked: ApiRequest[] = [];
  status: StatusReport = calm();
  text: string | undefined = siteText;
  config: ClusterConfig = configOf(siteText);
  version = 12;
  events: ClusterEvent[] = [];
  /** Writes that other people make just before ours. */
  otherWrites = 0;
  /** What to answer instead, where it is set. */
  refuse: ((request: ApiRequest) => ApiResponse | undefined) | undefined;
  readonly server: ControlServer;

  constructor() {
    this.server = new ControlServer({
      socket: this.socket,
      group: 'no-such-group',
      handle: (request, respond) => {
        this.asked.push(request);
        respond(this.refuse?.(request) ?? this.#answer(request));
      },
    });
  }

  static async start(): Promise<FakeAgent> {
    const agent = new FakeAgent();
    await agent.server.listen();
    return agent;
  }

  async stop(): Promise<void> {
    await this.server.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #answer(request: ApiRequest): ApiResponse {
    switch (request.kind) {
      case 'status':
        return { kind: 'status', status: this.status };
      case 'config':
        return { kind: 'config', version: this.version, config: this.config, source: this.text };
      case 'events': {
        const events = this.events.filter(({ number }) => number > request.after);
        const last = this.events.at(-1)?.number ?? 0;
        return { kind: 'events', events: events.slice(0, request.limit), last };
      }
      case 'configure':
        return this.#configure(request);
      default:
        return { kind: 'done', changed: true, index: 41, plan: undefined };
    }
  }

  #configure({ config, source, ifVersion, dryRun }: Configure): ApiResponse {
    if (this.otherWrites > 0) {
      this.otherWrites -= 1;
      this.version += 1;
    }
    if (ifVersion !== this.version) return apiError('conflict', 'somebody else was faster');
    if (dryRun) return { kind: 'done', changed: false, index: 0, plan: [] };
    this.config = config;
    this.text = source;
    this.version += 1;
    return { kind: 'done', changed: true, index: 40, plan: undefined };
  }
}
