import type { ApiRequest, ApiResponse } from '../api/requests.ts';
import type { PeerAddress } from '../core/node/node-io.ts';
import type { ClusterSecrets } from '../model/command.ts';
import { isName, type NodeId, nodeId } from '../model/ids.ts';
import { type JoinReply, type JoinRequest, tokenMarks } from '../runtime/identity/join-messages.ts';
import { journal } from '../runtime/journal.ts';
import {
  type CertificateAndKey,
  fingerprint,
  RequestError,
  signRequest,
} from '../runtime/pki/authority.ts';
import { loadAuthority } from '../runtime/pki/node-credentials.ts';
import { CredentialError } from '../runtime/pki/secure-files.ts';

/** How long this member waits until the newcomer is in its own applied state. */
const APPLY_MS = 5000;
const CERTIFICATE_DAYS = 10 * 365;

export interface AdmissionOptions {
  readonly self: NodeId;
  readonly cluster: () => string;
  readonly clusterId: string;
  /** Directory of this node's keys; the authority's own key is on the node that made the cluster. */
  readonly credentialDirectory: string;
  readonly ask: (request: ApiRequest) => Promise<ApiResponse>;
  readonly membership: () => {
    readonly peers: readonly PeerAddress[];
    readonly secrets: ClusterSecrets;
  };
}

/** Lets newcomers with a valid token in: checks, signs, makes them known to the cluster. */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Answers a request of which nothing is proven. Every refusal says why, and is in the journal. */
  async answer(request: unknown, host: string): Promise<JoinReply> {
    const reply = await this.#admit(request).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      const isKnown = error instanceof CredentialError || error instanceof RequestError;
      return refuse(isKnown ? 'unavailable' : 'internal', message);
    });
    if (reply.kind === 'refused') {
      journal('warning', `agent: refused a newcomer from ${host}: ${reply.message}`);
    } else {
      journal('notice', `agent: admitted a newcomer from ${host}`);
    }
    return reply;
  }

  async #admit(value: unknown): Promise<JoinReply> {
    const request = checked(value);
    if (request === undefined) return refuse('bad-request', 'the join request makes no sense');
    const { clusterId, credentialDirectory } = this.#options;
    const node = nodeId(request.node);
    // What can fail here must fail before the token is used up.
    const authority = this.#authority(credentialDirectory);
    const certificatePem = await signRequest({
      authority,
      clusterUuid: clusterId,
      node,
      requestPem: request.requestPem,
      days: CERTIFICATE_DAYS,
    });
    const marks = tokenMarks(request.secret);
    const answer = await this.#options.ask({
      kind: 'admit',
      ...marks,
      node,
      addresses: request.links,
      fingerprint: fingerprint(certificatePem),
    });
    if (answer.kind === 'error') return refuse(answer.code, answer.message, answer.hint);
    return await this.#welcome(node, certificatePem, authority);
  }

  #authority(directory: string): CertificateAndKey {
    try {
      return loadAuthority(directory);
    } catch (error) {
      if (!(error instanceof CredentialError) || error.kind !== 'missing') throw error;
      throw new CredentialError(
        'missing',
        `node ${this.#options.self} has no key to sign with: make the token on the node that made the cluster`,
      );
    }
  }

  async #welcome(
    node: NodeId,
    certificatePem: string,
    authority: CertificateAndKey,
  ): Promise<JoinReply> {
    const endsAt = performance.now() + APPLY_MS;
    for (;;) {
      const { peers, secrets } = this.#options.membership();
      const own = peers.find((peer) => peer.node === node);
      if (own !== undefined) {
        return {
          kind: 'admitted',
          by: this.#options.self,
          cluster: this.#options.cluster(),
          certificatePem,
          authorityPem: authority.certificatePem,
          clusterId: this.#options.clusterId,
          number: own.number,
          seeds: peers,
          secrets,
        };
      }
      if (performance.now() > endsAt) {
        return refuse('timeout', 'the cluster admitted the node, but this member lags behind');
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function refuse(code: string, message: string, hint?: string): JoinReply {
  return { kind: 'refused', code, message, hint };
}

function checked(value: unknown): JoinRequest | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { secret, node, links, requestPem } = value as Partial<JoinRequest>;
  const isSound =
    typeof secret === 'string' &&
    typeof node === 'string' &&
    isName(node) &&
    typeof requestPem === 'string' &&
    Array.isArray(links) &&
    links.length > 0 &&
    links.length <= 8 &&
    links.every(
      (link) =>
        typeof link?.link === 'string' &&
        isName(link.link) &&
        typeof link.host === 'string' &&
        link.host.length < 64 &&
        Number.isInteger(link.port),
    );
  return isSound ? { secret, node, links, requestPem } : undefined;
}
