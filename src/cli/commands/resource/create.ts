import { string } from '@oclif/core/args';
import { integer, string as text } from '@oclif/core/flags';
import type { ArgInput, FlagInput } from '@oclif/core/interfaces';
import {
  ChangeCommand,
  type ChangeReport,
  changeFlags,
  changeOptions,
} from '../../change-command.ts';
import { createResource, parseParameters } from '../../create-resource.ts';
import { switchFlag } from '../../flags.ts';

interface CreateFlags {
  group: string | undefined;
  clone: boolean;
  stopped: boolean;
  'start-timeout': string | undefined;
  'stop-timeout': string | undefined;
  'monitor-interval': string | undefined;
  'monitor-timeout': string | undefined;
  restarts: number | undefined;
  wait: number | undefined;
  'dry-run': boolean;
}

const time = (description: string) => text({ description, helpValue: 'DURATION' });

export default class ResourceCreate extends ChangeCommand {
  static override summary = 'Create a resource; the cluster starts it where it may run.';
  static override examples: string[] = [
    'resource create ip address ip=192.0.2.10/24 --group site',
    'resource create web ocf:heartbeat:nginx configfile=/etc/nginx/nginx.conf --group site --wait',
    'resource create proxy systemd:haproxy --clone',
  ];
  static override usage = 'resource create NAME AGENT [KEY=VALUE…]';
  static override strict = false;
  static override args: ArgInput<{ name: string; agent: string }> = {
    name: string({ description: 'name of the new resource', required: true }),
    agent: string({
      description: 'ocf:PROVIDER:TYPE, systemd:UNIT, lsb:SCRIPT, process or address',
      required: true,
    }),
  };
  static override flags: FlagInput<CreateFlags> = {
    group: text({ description: 'last member of this group, which is made if needed' }),
    clone: switchFlag('run a copy on every node, as NAME-clone'),
    stopped: switchFlag('do not start it yet'),
    'start-timeout': time('a start that takes longer has failed'),
    'stop-timeout': time('a stop that takes longer has failed'),
    'monitor-interval': time('time between two checks, or off'),
    'monitor-timeout': time('a check that takes longer has failed'),
    restarts: integer({ description: 'restarts in place before it moves', min: 0 }),
    ...changeFlags(),
  };

  async run(): Promise<ChangeReport> {
    const { args, flags, argv } = await this.parse(ResourceCreate);
    const result = await createResource(
      this.client,
      {
        name: args.name,
        agent: args.agent,
        parameters: parseParameters(argv.map(String).slice(2)),
        group: flags.group,
        clone: flags.clone ? `${args.name}-clone` : undefined,
        stopped: flags.stopped,
        startTimeout: flags['start-timeout'],
        stopTimeout: flags['stop-timeout'],
        monitorEvery: flags['monitor-interval'],
        monitorTimeout: flags['monitor-timeout'],
        restarts: flags.restarts,
      },
      changeOptions(flags),
    );
    return this.report(result, `resource ${args.name} is created`, `resource ${args.name} exists`);
  }
}
