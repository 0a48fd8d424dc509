import { join } from 'node:path';
import type { Operation, OperationResult } from '../../model/operation.ts';
import type { Gate } from '../gate/gate.ts';
import { runCommand } from './command.ts';
import { type AgentPlaces, agentPlaces, isProgram, writableByOthers } from './find-agents.ts';
import { commandResult, gateShut, ocf, result } from './result.ts';
import { servicePath } from './service-command.ts';

export interface LsbOptions {
  readonly gate: Gate;
  readonly outputDirectory: string;
  readonly places?: AgentPlaces;
}

/** Runs init scripts (Linux Standard Base, "init script actions"). */
export class LsbAgents {
  readonly #options: LsbOptions;

  constructor(options: LsbOptions) {
    this.#options = options;
  }

  async perform(
    operation: Operation,
    script: string,
    signal?: AbortSignal,
  ): Promise<OperationResult> {
    const { gate, outputDirectory, places = agentPlaces } = this.#options;
    const action = actions[operation.action];
    if (action === undefined) {
      return result('done', ocf.unimplemented, `class lsb has no operation ${operation.action}`);
    }
    const path = join(places.lsbDirectory, script);
    if (!isProgram(path)) {
      return result('not-installed', ocf.notInstalled, `there is no init script ${path}`);
    }
    const problem = writableByOthers(path);
    if (problem !== undefined) return result('refused', ocf.noPermission, `not run: ${problem}`);
    const incarnation = operation.exclusive ? operation.incarnation : undefined;
    const cell = gate.makeCell(
      incarnation,
      operation.instance,
      `${operation.action}-${operation.id}`,
    );
    if (cell === undefined) return gateShut(operation.incarnation);
    const outcome = await runCommand({
      cell,
      argv: [path, action],
      environment: { PATH: servicePath, LC_ALL: 'C.UTF-8', SYSTEMCTL_SKIP_REDIRECT: '1' },
      timeoutMs: operation.timeoutMs,
      outputDirectory,
      ...(signal === undefined ? {} : { signal }),
    });
    return commandResult(
      outcome,
      action === 'status' ? statusCode : actionCode,
      operation.timeoutMs,
    );
  }
}

const actions: Readonly<Record<string, string>> = {
  start: 'start',
  stop: 'stop',
  monitor: 'status',
};

/** The codes of `status` differ from those of OCF: 1 to 3 all mean that it does not run. */
function statusCode(code: number): number {
  if (code === 0) return ocf.ok;
  return code >= 1 && code <= 3 ? ocf.notRunning : ocf.error;
}

function actionCode(code: number): number {
  return code >= 0 && code <= 7 ? code : ocf.error;
}
