import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterState } from '../../src/core/store/cluster-state.ts';
import { nodeId } from '../../src/model/ids.ts';
import { initCluster, joinCluster } from '../../src/provision/local.ts';
import type { InitOptions, JoinOptions } from '../../src/provision/local-types.ts';
import { LogStore } from '../../src/runtime/disk/log-store.ts';
import { loadNodeFile } from '../../src/runtime/identity/node-file.ts';
import { fingerprint } from '../../src/runtime/pki/authority.ts';
import { formatJoinToken } from '../../src/runtime/pki/join-token.ts';
import { loadCredentials } from '../../src/runtime/pki/node-credentials.ts';

let root: string;
let options: InitOptions;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'provision-'));
  options = {
    directories: { etc: join(root, 'etc'), state: join(root, 'state'), run: join(root, 'run') },
    name: 'lab',
    node: 'alpha',
    links: [{ link: 'net0', host: '127.0.0.1', port: 7400 }],
    config: undefined,
    profile: 'default',
  };
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Everything below the directories of the node, as far as there is anything. */
function present(): readonly string[] {
  return [options.directories.etc, options.directories.state].flatMap((directory) =>
    existsSync(directory) ? readdirSync(directory) : [],
  );
}

function joinOptions(more: Partial<JoinOptions> = {}): JoinOptions {
  const token = formatJoinToken({
    authority: 'ab'.repeat(32),
    secret: 'cd'.repeat(16),
    expiresAtMs: Date.now() + 60_000,
    addresses: [{ host: '127.0.0.1', port: 9 }],
  });
  return { ...options, token, timeoutMs: 1000, ...more };
}

describe('a new cluster', () => {
  it('has a log with its first member, whose certificate is the one that counts', async () => {
    const report = await initCluster(options);
    expect(report).toMatchObject({ cluster: 'lab', node: 'alpha', changed: true });
    expect(report.warnings).toHaveLength(1);
    const file = loadNodeFile(options.directories);
    const { certificatePem, identity } = loadCredentials(options.directories.etc, Date.now());
    expect(identity).toMatchObject({ node: 'alpha', clusterUuid: file.clusterId });
    const store = await LogStore.open({
      directory: join(options.directories.state, 'log'),
      identity: { clusterUuid: file.clusterId, node: nodeId('alpha') },
      create: false,
      onWritten: () => {},
      onTrouble: () => {},
      onRecovered: () => {},
    });
    const state = ClusterState.restore(store.state.snapshot?.data ?? '');
    await store.close();
    expect(state.member(nodeId('alpha'))?.fingerprint).toBe(fingerprint(certificatePem));
  });

  it('is made once: the same command again changes nothing', async () => {
    await initCluster(options);
    const before = readFileSync(join(options.directories.etc, 'node.json'), 'utf8');
    expect(await initCluster(options)).toMatchObject({ changed: false });
    expect(readFileSync(join(options.directories.etc, 'node.json'), 'utf8')).toBe(before);
  });

  it.each<readonly [string, Partial<InitOptions>]>([
    ['another name', { name: 'other' }],
    ['another node', { node: 'beta' }],
    ['another address', { links: [{ link: 'net0', host: '127.0.0.1', port: 7500 }] }],
  ])('is not made over one that is there: %s', async (_what, other) => {
    await initCluster(options);
    await expect(initCluster({ ...options, ...other })).rejects.toMatchObject({
      code: 'exists',
      message: 'this machine is node alpha of cluster lab already',
    });
  });

  it('is not made for an address of another machine, and nothing is left of the try', async () => {
    const links = [{ link: 'net0', host: '192.0.2.77', port: 7400 }];
    await expect(initCluster({ ...options, links })).rejects.toMatchObject({
      code: 'bad-request',
      message: '192.0.2.77 is no address of this machine',
    });
    expect(present()).toEqual([]);
  });

  it('is not made over the log of a former node, which nobody deletes', async () => {
    const log = join(options.directories.state, 'log');
    mkdirSync(log, { recursive: true });
    writeFileSync(join(log, 'log.db'), 'precious');
    await expect(initCluster(options)).rejects.toMatchObject({
      code: 'exists',
      hint: `move it away if it is not needed: mv ${log} ${log}.old`,
    });
    expect(readFileSync(join(log, 'log.db'), 'utf8')).toBe('precious');
  });

  it('is made over what a try before it left half-done', async () => {
    const left = join(options.directories.state, 'log.new');
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, 'log.db'), 'torn');
    expect(await initCluster(options)).toMatchObject({ changed: true });
    expect(existsSync(left)).toBe(false);
  });

  it('leaves no log where its credentials cannot be stored', async () => {
    const { etc } = options.directories;
    mkdirSync(join(etc, 'node.pem', 'in-the-way'), { recursive: true });
    await expect(initCluster(options)).rejects.toThrow();
    expect(existsSync(join(options.directories.state, 'log'))).toBe(false);
  });

  it('is not made in a directory that others can write', async () => {
    const { etc } = options.directories;
    mkdirSync(etc);
    chmodSync(etc, 0o777);
    await expect(initCluster(options)).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringContaining('others can write into it'),
    });
    expect(present()).toEqual([]);
  });

  it('is not made where its directory cannot be', async () => {
    writeFileSync(options.directories.state, 'a file');
    await expect(initCluster(options)).rejects.toMatchObject({ code: 'disk' });
  });
});

describe('a node that joins', () => {
  it.each<readonly [string, string, RegExp]>([
    ['is no token', 'garbage', /a token begins with "hf1."/],
    [
      'has expired',
      formatJoinToken({
        authority: 'ab'.repeat(32),
        secret: 'cd'.repeat(16),
        expiresAtMs: 1_000_000,
        addresses: [{ host: '127.0.0.1', port: 9 }],
      }),
      /the join token has expired/,
    ],
  ])('is told what is wrong with what it brings: it %s', async (_what, token, message) => {
    await expect(joinCluster(joinOptions({ token }))).rejects.toMatchObject({
      code: 'bad-token',
      message: expect.stringMatching(message),
      hint: 'make a new one on a member: holdfast cluster token',
    });
    expect(present()).toEqual([]);
  });

  it('leaves nothing where no member answers', async () => {
    await expect(joinCluster(joinOptions())).rejects.toMatchObject({
      code: 'unavailable',
      hint: 'is the agent running there, and is the port (TCP) open?',
    });
    expect(present()).toEqual([]);
  });

  it('does not leave the cluster in which it is for that of the token', async () => {
    await initCluster(options);
    await expect(joinCluster(joinOptions())).rejects.toMatchObject({
      code: 'exists',
      message: 'this machine is node alpha of cluster lab already',
    });
  });
});
