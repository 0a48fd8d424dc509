import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentSpec } from '../../model/agent-spec.ts';
import { instanceId } from '../../model/ids.ts';
import type { Operation, OperationResult } from '../../model/operation.ts';
import type { Gate } from '../gate/gate.ts';
import { runCommand } from './command.ts';
import {
  type AgentPlaces,
  agentPlaces,
  findOcfAgents,
  isProgram,
  nearestName,
  writableByOthers,
} from './find-agents.ts';
import { type AgentMetadata, parseAgentMetadata } from './ocf-metadata.ts';
import { commandResult, gateShut, ocf, result } from './result.ts';
import { servicePath } from './service-command.ts';

export type OcfSpec = Extract<AgentSpec, { kind: 'ocf' }>;

export interface OcfOptions {
  readonly gate: Gate;
  readonly outputDirectory: string;
  readonly places?: AgentPlaces;
  /** Name of this node, for agents that ask. */
  readonly node: string;
  /** Put in front of PATH: stand-ins for Pacemaker's commands that agents call. */
  readonly commandDirectory?: string;
}

const metadataTimeoutMs = 10_000;
const metadataBytesMax = 512 * 1024;
/** Agents keep their state here (ocf-directories of the resource-agents package). */
const stateDirectory = '/run/resource-agents';

/** Runs OCF 1.1 agents, unchanged. */
export class OcfAgents {
  readonly #options: OcfOptions;
  readonly #places: AgentPlaces;
  readonly #known = new Map<string, AgentMetadata>();

  constructor(options: OcfOptions) {
    this.#options = options;
    this.#places = options.places ?? agentPlaces;
  }

  async perform(
    operation: Operation,
    agent: OcfSpec,
    signal?: AbortSignal,
  ): Promise<OperationResult> {
    const problem = this.#check(agent);
    if (problem !== undefined) return problem;
    const { gate, outputDirectory } = this.#options;
    const incarnation = operation.exclusive ? operation.incarnation : undefined;
    const cell = gate.makeCell(
      incarnation,
      operation.instance,
      `${operation.action}-${operation.id}`,
    );
    if (cell === undefined) return gateShut(operation.incarnation);
    const outcome = await runCommand({
      cell,
      argv: [this.#path(agent), operation.action],
      environment: this.environment(operation, agent),
      timeoutMs: operation.timeoutMs,
      outputDirectory,
      ...(signal === undefined ? {} : { signal }),
    });
    return commandResult(outcome, ocfExitCode, operation.timeoutMs);
  }

  /**
   * What the agent says about itself, or why it cannot be known. Asked once for each version of the
   * file.
   */
  async metadata(agent: OcfSpec): Promise<AgentMetadata | OperationResult> {
    const problem = this.#check(agent);
    if (problem !== undefined) return problem;
    const key = `${this.#path(agent)} ${statSync(this.#path(agent)).mtimeMs}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const metadata = await this.#askMetadata(agent);
    if (!('status' in metadata)) this.#known.set(key, metadata);
    return metadata;
  }

  async #askMetadata(agent: OcfSpec): Promise<AgentMetadata | OperationResult> {
    const name = `${process.pid}-${performance.now()}`;
    const cell = this.#options.gate.makeCell(undefined, instanceId('.meta-data'), name);
    if (cell === undefined) return result('refused', ocf.error, 'no place to run the agent in');
    const outcome = await runCommand({
      cell,
      argv: [this.#path(agent), 'meta-data'],
      environment: this.#commonEnvironment(agent, agent.type),
      timeoutMs: metadataTimeoutMs,
      outputDirectory: this.#options.outputDirectory,
      stdoutBytesMax: metadataBytesMax,
    });
    const answer = commandResult(outcome, ocfExitCode, metadataTimeoutMs);
    if (answer.status !== 'done' || answer.exitCode !== ocf.ok) return answer;
    return (
      parseAgentMetadata(outcome.stdout) ??
      result('done', ocf.error, `${this.#path(agent)} meta-data printed no agent description`)
    );
  }

  /** The environment that OCF asks for; exported for the tests. */
  environment(operation: Operation, agent: OcfSpec): Record<string, string> {
    const environment = this.#commonEnvironment(agent, operation.instance);
    for (const [name, value] of Object.entries(operation.parameters)) {
      environment[`OCF_RESKEY_${name}`] = value;
    }
    for (const [name, value] of Object.entries(operation.meta)) {
      environment[`OCF_RESKEY_CRM_meta_${name.replaceAll('-', '_')}`] = value;
    }
    environment.OCF_RESKEY_CRM_meta_timeout = String(operation.timeoutMs);
    environment.OCF_RESKEY_CRM_meta_name = operation.action;
    environment.OCF_RESKEY_CRM_meta_on_node = this.#options.node;
    if (operation.checkLevel !== undefined) {
      environment.OCF_CHECK_LEVEL = String(operation.checkLevel);
    }
    return environment;
  }

  #commonEnvironment(agent: OcfSpec, instance: string): Record<string, string> {
    const { commandDirectory } = this.#options;
    makeStateDirectory();
    return {
      PATH: commandDirectory === undefined ? servicePath : `${commandDirectory}:${servicePath}`,
      HOME: '/root',
      LC_ALL: 'C.UTF-8',
      OCF_ROOT: this.#places.ocfRoot,
      OCF_RA_VERSION_MAJOR: '1',
      OCF_RA_VERSION_MINOR: '1',
      OCF_RESOURCE_INSTANCE: instance,
      OCF_RESOURCE_TYPE: agent.type,
      OCF_RESOURCE_PROVIDER: agent.provider,
      OCF_OUTPUT_FORMAT: 'text',
      OCF_RESKEY_crm_feature_set: '3.19.0',
      HA_RSCTMP: stateDirectory,
      HA_LOGFACILITY: 'none', // Their log lines come by stderr.
      HA_DATEFMT: ' ', // Without a date of their own.
      HA_debug: '0',
    };
  }

  #path({ provider, type }: OcfSpec): string {
    return join(this.#places.ocfRoot, 'resource.d', provider, type);
  }

  #check(agent: OcfSpec): OperationResult | undefined {
    const path = this.#path(agent);
    const name = `ocf:${agent.provider}:${agent.type}`;
    if (!isProgram(path)) {
      const near = nearestName(name, findOcfAgents(this.#places));
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      return result('not-installed', ocf.notInstalled, `there is no agent ${name}${hint}`);
    }
    const problem = writableByOthers(path);
    if (problem === undefined) return undefined;
    return result('refused', ocf.noPermission, `${name} is not run: ${problem}`);
  }
}

/** Codes that OCF does not know (shells end with 126, 127, 128 + signal) are plain errors. */
function ocfExitCode(code: number): number {
  return (code >= 0 && code <= 9) || code === 190 || code === 191 ? code : ocf.error;
}

function makeStateDirectory(): void {
  try {
    mkdirSync(stateDirectory, { recursive: true, mode: 0o755 });
  } catch {
    // A plain user has no right to; agents that keep state there will say so.
  }
}
