/**
 * The supervisor of a lab host, started by its init. It runs units as systemd would run them and takes
 * requests on a socket. `ready` on its standard output says that the units of power-on have been started.
 */
import { spawnSync } from 'node:child_process';
import { constants, existsSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { SupervisedUnit } from './supervised-unit.ts';
import {
  controlSocket,
  enabledUnitsFile,
  resetRequests,
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

/** Does what a forced reset does: the host is gone at once, without a word on the network. */
function reset(): void {
  const cables = readdirSync('/sys/class/net').filter((device) => device.startsWith('net'));
  const lines = cables.map((device) => `link set ${device} down\n`);
  spawnSync('ip', ['-batch', '-'], { input: lines.join('') });
  process.exit(); // The init ends with us, and the host with it.
}

/** Takes the place of the kernel at /proc/sysrq-trigger. */
function watchResets(): void {
  const fd = openSync(resetRequests, constants.O_RDWR | constants.O_NONBLOCK);
  const requests = new Socket({ fd, readable: true, writable: false });
  requests.on('data', (data) => {
    if (/^[bco]/.test(String(data))) reset();
  });
}

watchResets();
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
