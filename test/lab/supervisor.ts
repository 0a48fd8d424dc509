/**
 * The supervisor of a lab host, started by its init. It runs units as systemd would run them and takes
 * requests on a socket. `ready` on its standard output says that the units of power-on have been started.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { SupervisedUnit } from './supervised-unit.ts';
import {
  controlSocket,
  enabledUnitsFile,
  type SupervisorReply,
  type SupervisorRequest,
  type Unit,
} from './unit.ts';

const units = new Map<string, SupervisedUnit>();

function start(unit: Unit): void {
  const known = units.get(unit.name);
  if (known !== undefined && known.status().state !== 'stopped') {
    throw new Error(`unit ${unit.name} is ${known.status().state} already`);
  }
  const supervised = new SupervisedUnit(unit);
  units.set(unit.name, supervised);
  supervised.start();
}

async function perform(request: SupervisorRequest): Promise<void> {
  switch (request.kind) {
    case 'start':
      return start(request.unit);
    case 'stop': {
      const unit = units.get(request.name);
      if (unit === undefined) throw new Error(`no unit ${request.name}`);
      return unit.stop();
    }
    case 'status':
      return;
  }
}

async function answer(line: string): Promise<SupervisorReply> {
  try {
    await perform(JSON.parse(line) as SupervisorRequest);
    return { kind: 'units', units: [...units.values()].map((unit) => unit.status()) };
  } catch (error) {
    return { kind: 'refused', reason: (error as Error).message };
  }
}

async function serve(socket: Socket): Promise<void> {
  socket.on('error', () => {}); // The asker may leave before the answer.
  for await (const line of createInterface({ input: socket })) {
    const reply = await answer(line);
    if (!socket.destroyed) socket.write(`${JSON.stringify(reply)}\n`);
  }
  socket.end();
}

if (existsSync(enabledUnitsFile)) {
  for (const unit of JSON.parse(readFileSync(enabledUnitsFile, 'utf8')) as readonly Unit[]) {
    start(unit);
  }
}
rmSync(controlSocket, { force: true });
createServer({ allowHalfOpen: true }, (socket) => void serve(socket)).listen(controlSocket, () => {
  process.stdout.write('ready\n');
});
process.stdout.on('error', () => {});
