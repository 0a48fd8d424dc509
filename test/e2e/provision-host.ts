import { parseArgs } from 'node:util';
import { createJoinToken, initCluster, joinCluster } from '../../src/provision/local.ts';
import { nodeDirectories, socketPath } from '../../src/runtime/identity/node-directories.ts';

/** Run inside a lab host: what `holdfast cluster init|token|join` do, without the time to load a command line. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string', default: '' },
    links: { type: 'string', default: '' },
    config: { type: 'string' },
    token: { type: 'string', default: '' },
    profile: { type: 'string', default: 'default' },
  },
});
const directories = nodeDirectories();
const { node, token } = values;
const links = values.links
  .split(',')
  .map((host, index) => ({ link: `net${index}`, host, port: 7400 }));
switch (positionals[0]) {
  case 'init':
    await initCluster({
      directories,
      name: 'lab',
      node,
      links,
      config: values.config,
      profile: values.profile === 'fast' ? 'fast' : 'default',
    });
    break;
  case 'token': {
    const socket = socketPath(directories);
    const made = await createJoinToken({ directories, socket, lifetimeMs: 600_000, by: 'lab' });
    process.stdout.write(made.token);
    break;
  }
  case 'join':
    await joinCluster({ directories, token, node, links, timeoutMs: 20_000 });
    break;
  default:
    throw new Error(`unknown step ${positionals[0]}`);
}
