import { randomBytes } from 'node:crypto';
import { ControlClient } from '../client/control-client.ts';
import { nodeId } from '../model/ids.ts';
import { type JoinReply, type JoinRequest, tokenMarks } from '../runtime/identity/join-messages.ts';
import {
  hasNodeFile,
  loadNodeFile,
  logDirectory,
  storeNodeFile,
} from '../runtime/identity/node-file.ts';
import { JoinError, requestJoin } from '../runtime/net/join-client.ts';
import { type CertificateAndKey, createRequest, fingerprint } from '../runtime/pki/authority.ts';
import {
  formatJoinToken,
  type JoinToken,
  joinTokenAdvice,
  parseJoinToken,
} from '../runtime/pki/join-token.ts';
import {
  loadAuthority,
  loadCredentials,
  storeCredentials,
} from '../runtime/pki/node-credentials.ts';
import { CredentialError } from '../runtime/pki/secure-files.ts';
import { explained, refuseForeignAddresses } from './local-trouble.ts';
import {
  type JoinOptions,
  type JoinReport,
  LocalError,
  type LocalErrorCode,
  type TokenOptions,
  type TokenReport,
} from './local-types.ts';
import {
  createLog,
  makeDirectories,
  memberAddresses,
  memberAlready,
  refuseLeftovers,
  refuseOtherNode,
} from './node-log.ts';

const REQUEST_MS = 15_000;

type Admitted = JoinReply & { readonly kind: 'admitted' };

/** Makes a token with which one node may join once. The secret is in it alone; the cluster keeps its hash. */
export function createJoinToken(options: TokenOptions): Promise<TokenReport> {
  return explained(() => makeToken(options));
}

async function makeToken(options: TokenOptions): Promise<TokenReport> {
  const { directories, socket, lifetimeMs } = options;
  const file = loadNodeFile(directories);
  const authority = signingAuthority(directories.etc);
  const secret = randomBytes(16).toString('hex');
  const { tokenId, secretHash } = tokenMarks(secret);
  await new ControlClient({ socket, by: options.by, timeoutMs: REQUEST_MS }).createToken(
    tokenId,
    secretHash,
    lifetimeMs,
  );
  const untilMs = Date.now() + lifetimeMs;
  const token = formatJoinToken({
    authority: fingerprint(authority.certificatePem),
    secret,
    expiresAtMs: untilMs,
    addresses: file.links.map(({ host, port }) => ({ host, port })),
  });
  return { token, tokenId, untilMs };
}

/** Makes this node a member of the token's cluster. Whatever fails leaves this machine as it was. */
export function joinCluster(options: JoinOptions): Promise<JoinReport> {
  return explained(() => join(options));
}

async function join(options: JoinOptions): Promise<JoinReport> {
  const { directories } = options;
  const token = readToken(options.token);
  if (hasNodeFile(directories)) return sameNode(options, token);
  refuseLeftovers(options);
  refuseForeignAddresses(options.links);
  makeDirectories(directories);
  const node = nodeId(options.node);
  const links = memberAddresses(options.links);
  const { keyPem, requestPem } = await createRequest(node);
  const request: JoinRequest = { secret: token.secret, node, links, requestPem };
  const admitted = await askMembers(token, request, options.timeoutMs);
  const { authorityPem, certificatePem, cluster, clusterId, number, seeds, secrets } = admitted;
  const file = { format: 1, cluster, clusterId, node, number, links, seeds, secrets } as const;
  await createLog(logDirectory(directories), clusterId, node, undefined, () => {
    storeCredentials(directories.etc, { authorityPem, certificatePem, keyPem });
    storeNodeFile(directories, file);
  });
  return {
    cluster,
    clusterId,
    node,
    links: options.links,
    admittedBy: admitted.by,
    changed: true,
  };
}

function readToken(text: string): JoinToken {
  const token = parseJoinToken(text);
  if (typeof token === 'string') {
    throw new LocalError('bad-token', joinTokenAdvice(token), newTokenHint);
  }
  if (token.expiresAtMs <= Date.now()) {
    throw new LocalError('bad-token', 'the join token has expired', newTokenHint);
  }
  return token;
}

function sameNode(options: JoinOptions, token: JoinToken): JoinReport {
  const { directories } = options;
  const file = loadNodeFile(directories);
  const { authorityPem } = loadCredentials(directories.etc, Date.now());
  if (fingerprint(authorityPem) !== token.authority) throw memberAlready(directories, file);
  refuseOtherNode(options, file);
  return {
    cluster: file.cluster ?? file.clusterId,
    clusterId: file.clusterId,
    node: file.node,
    links: file.links,
    admittedBy: '',
    changed: false,
  };
}

/** Only the node that made the cluster has the key that signs certificates. */
function signingAuthority(directory: string): CertificateAndKey {
  try {
    return loadAuthority(directory);
  } catch (error) {
    if (!(error instanceof CredentialError) || error.kind !== 'missing') throw error;
    throw new LocalError(
      'unavailable',
      'this node has no key to sign with',
      'make the token on the node that made the cluster',
    );
  }
}

const newTokenHint = 'make a new one on a member: holdfast cluster token';

/** What helps against a member's refusal that does not say it. */
const refusalHints: Readonly<Record<string, string>> = {
  'bad-token': newTokenHint,
  exists: 'choose another name (--node), or on a member: holdfast node remove NAME',
};

/** One address after the other; a refusal is final, for every member would say the same. */
async function askMembers(
  token: JoinToken,
  request: JoinRequest,
  timeoutMs: number,
): Promise<Admitted> {
  const endsAt = performance.now() + timeoutMs;
  const failures: string[] = [];
  for (const address of token.addresses) {
    if (performance.now() > endsAt) break;
    try {
      const reply = (await requestJoin(address, token.authority, request)) as JoinReply;
      if (reply.kind === 'admitted') return reply;
      const hint = reply.hint ?? refusalHints[reply.code];
      throw new LocalError(reply.code as LocalErrorCode, reply.message, hint);
    } catch (error) {
      if (!(error instanceof JoinError)) throw error;
      if (error.kind === 'wrong-authority') {
        throw new LocalError('bad-token', error.message, newTokenHint);
      }
      failures.push(error.message);
    }
  }
  throw new LocalError(
    'unavailable',
    `no member could be asked: ${failures.join('; ')}`,
    'is the agent running there, and is the port (TCP) open?',
  );
}
