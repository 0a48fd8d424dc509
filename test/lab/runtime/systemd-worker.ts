import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { instanceId } from '../../../src/model/ids.ts';
import { ControlGroupGate } from '../../../src/runtime/gate/control-group-gate.ts';
import { SystemdUnits } from '../../../src/runtime/resources/systemd.ts';

/*
 * Runs inside a machine of the test and does there, one after another, what the test asks for: a
 * line of JSON with the name of the call and its arguments, answered by a line with its result.
 * What happens by itself is told as `event`.
 */

const [, , root = ''] = process.argv;
mkdirSync(root, { recursive: true });
const gate = new ControlGroupGate(root);
const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
const units = new SystemdUnits({
  gate,
  onExited: (instance, detail) => say({ event: { instance, detail } }),
});

const calls: Readonly<Record<string, (...rest: never[]) => unknown>> = {
  perform: (
    action: 'start' | 'stop' | 'monitor',
    unit: string,
    incarnation: number,
    timeoutMs: number,
  ) =>
    units.perform(
      {
        id: 1,
        instance: instanceId(unit),
        agent: { kind: 'systemd', unit },
        action,
        parameters: {},
        meta: {},
        timeoutMs,
        incarnation,
        exclusive: true,
      },
      unit,
    ),
  open: (incarnation: number) => gate.open(incarnation),
  putDown: (incarnation: number, groups: string[]) => gate.putDown(incarnation, 'kill', groups),
  left: (incarnation: number, groups: string[]) => gate.left(incarnation, groups),
  controlGroups: (unit: string) => units.controlGroups(unit),
  prepare: (names: string[], incarnation: number) => units.prepare(names, incarnation),
  kill: (pid: number) => process.kill(pid, 'SIGKILL'),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { call, args } = JSON.parse(line) as { call: string; args: never[] };
  say({ answer: (await calls[call]?.(...args)) ?? null });
}
units.close();
