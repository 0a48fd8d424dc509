import { isName, type NodeId, nodeId } from '../../model/ids.ts';

/** Whose certificate it is. */
export interface CertificateIdentity {
  readonly clusterUuid: string;
  readonly node: NodeId;
}

const pattern = /^holdfast:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/(.+)$/;

/** The one subject alternative name of a node's certificate. */
export function identityUri({ clusterUuid, node }: CertificateIdentity): string {
  return `holdfast:${clusterUuid}/${node}`;
}

/** The identity that a URI names, if it is one of ours and nothing else. */
export function parseIdentityUri(uri: string): CertificateIdentity | undefined {
  const [, clusterUuid, node] = pattern.exec(uri) ?? [];
  if (clusterUuid === undefined || node === undefined || !isName(node)) return undefined;
  return { clusterUuid, node: nodeId(node) };
}
