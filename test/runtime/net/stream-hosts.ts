import { createServer } from 'node:net';
import { type LinkId, linkId, type NodeId, nodeId } from '../../../src/model/ids.ts';
import type {
  StreamEnd,
  StreamLimits,
  StreamLink,
  StreamMember,
  StreamRefusal,
  StreamRefused,
} from '../../../src/runtime/net/stream-contract.ts';
import { Streams } from '../../../src/runtime/net/streams.ts';
import {
  type CertificateAndKey,
  createRequest,
  signRequest,
} from '../../../src/runtime/pki/authority.ts';
import type { NodeCredentials } from '../../../src/runtime/pki/node-credentials.ts';

export const clusterUuid = 'c1b8b6a2-0000-4000-8000-000000000001';
export const net0: LinkId = linkId('net0');
export const net1: LinkId = linkId('net1');

/** Fast enough for a test; nothing depends on the exact values. */
export const quickLimits: Partial<StreamLimits> = {
  retryMinMs: 5,
  retryMaxMs: 50,
  refusedRetryMs: 50,
  yieldMs: 100,
  settleMs: 1000,
  rebindMs: 20,
};

export async function makeCredentials(
  authority: CertificateAndKey,
  name: string,
  days: number = 30,
  uuid: string = clusterUuid,
): Promise<NodeCredentials> {
  const node = nodeId(name);
  const { requestPem, keyPem } = await createRequest(node);
  const certificatePem = await signRequest({
    authority,
    clusterUuid: uuid,
    node,
    requestPem,
    days,
  });
  return { authorityPem: authority.certificatePem, certificatePem, keyPem };
}

export async function freeTcpPort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host, port: 0 }, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** One agent's streams on two links of the loopback, with everything that it reported. */
export class StreamHost {
  readonly node: NodeId;
  readonly links: readonly StreamLink[];
  readonly streams: Streams;
  readonly received: { readonly peer: NodeId; readonly message: unknown }[] = [];
  /** `up beta net0`, `down beta closed`. */
  readonly events: string[] = [];
  readonly refused: StreamRefused[] = [];
  readonly refusedByPeer: StreamRefusal[] = [];
  readonly joins: unknown[] = [];

  private constructor(
    name: string,
    links: readonly StreamLink[],
    credentials: NodeCredentials,
    limits: Partial<StreamLimits>,
  ) {
    this.node = nodeId(name);
    this.links = links;
    this.streams = new Streams({
      self: this.node,
      clusterUuid,
      links,
      credentials,
      limits: { ...quickLimits, ...limits },
      onMessage: (peer, message) => this.received.push({ peer, message }),
      onUp: (peer: NodeId, link: LinkId) => this.events.push(`up ${peer} ${link}`),
      onDown: (peer: NodeId, end: StreamEnd) => this.events.push(`down ${peer} ${end}`),
      onRefused: (refused) => this.refused.push(refused),
      onRefusedByPeer: (_peer, refusal) => this.refusedByPeer.push(refusal),
      onJoin: (request, _host, answer) => {
        this.joins.push(request);
        answer({ welcome: request });
      },
    });
  }

  static async start(
    name: string,
    credentials: NodeCredentials,
    limits: Partial<StreamLimits> = {},
    links?: readonly StreamLink[],
  ): Promise<StreamHost> {
    const own = links ?? [
      { link: net0, host: '127.0.0.1', port: await freeTcpPort('127.0.0.1') },
      { link: net1, host: '127.0.1.1', port: await freeTcpPort('127.0.1.1') },
    ];
    const host = new StreamHost(name, own, credentials, limits);
    await host.streams.start();
    return host;
  }

  get member(): StreamMember {
    return { node: this.node, addresses: this.links };
  }
}

export function introduce(...hosts: StreamHost[]): void {
  for (const host of hosts) host.streams.configure(hosts.map(({ member }) => member));
}
