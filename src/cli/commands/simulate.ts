import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { string } from '@oclif/core/flags';
import type { FlagInput } from '@oclif/core/interfaces';
import type { Simulation } from '../../import/pacemaker/simulate.ts';
import { ClusterCommand } from '../cluster-command.ts';
import { UserError } from '../user-error.ts';

interface BatchResult {
  readonly written: number;
}

export default class Simulate extends ClusterCommand {
  static override summary = 'Show what a saved cluster would do next; changes nothing.';
  static override examples: string[] = [
    'simulate --pacemaker cib.xml',
    'simulate --pacemaker cib.xml --json',
  ];
  static override flags: FlagInput = {
    pacemaker: string({ description: 'a Pacemaker configuration with its status (CIB, XML)' }),
    'pacemaker-batch': string({ description: 'a folder of such files', dependsOn: ['out'] }),
    out: string({ description: 'folder for the answers of a batch, one JSON file each' }),
  };

  async run(): Promise<Simulation | BatchResult> {
    const { flags } = await this.parse(Simulate);
    if (typeof flags['pacemaker-batch'] === 'string' && typeof flags.out === 'string') {
      return this.#batch(flags['pacemaker-batch'], flags.out);
    }
    if (typeof flags.pacemaker !== 'string') {
      const hint = 'holdfast simulate --pacemaker FILE.xml';
      throw new UserError('bad-request', 'name a file to simulate', hint);
    }
    const result = await simulate(flags.pacemaker);
    for (const line of linesOf(result)) this.log(line);
    return result;
  }

  async #batch(folder: string, out: string): Promise<BatchResult> {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.xml')).sort();
    for (const name of names) {
      const result = await simulate(join(folder, name));
      await writeFile(join(out, name.replace(/xml$/, 'json')), `${JSON.stringify(result)}\n`);
    }
    this.log(`${names.length} answers in ${out}`);
    return { written: names.length };
  }
}

async function simulate(file: string): Promise<Simulation> {
  const text = await readText(file);
  const { simulateCib } = await import('../../import/pacemaker/simulate.ts');
  return simulateCib(text, Math.floor(Date.now() / 1000));
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError('no-input', `${file} cannot be read`, undefined, error);
  }
}

function linesOf(result: Simulation): readonly string[] {
  if ('unsupported' in result) return [`cannot be simulated: ${result.unsupported}`];
  if (result.actions.length === 0) return ['nothing would be done'];
  return result.actions.map((change) => {
    const what = `${change.action} ${change.resource ?? ''}`.trim();
    const where = change.from === undefined ? change.node : `${change.from} -> ${change.node}`;
    const blocked = change.blocked === true ? ' (cannot be done now)' : '';
    return `${what} on ${where}${blocked}`;
  });
}
