import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import type * as x509 from '@peculiar/x509';
import type { NodeId } from '../../model/ids.ts';
import { identityUri } from './identity-uri.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
/** A newcomer's clock may be behind: its certificate is valid from before it was made. */
const backdatedDays = 2;
const authorityDays = 30 * 365;

export interface CertificateAndKey {
  readonly certificatePem: string;
  /** PKCS#8. */
  readonly keyPem: string;
}

export interface RequestAndKey {
  readonly requestPem: string;
  /** PKCS#8. It never leaves the node. */
  readonly keyPem: string;
}

/** A request that is no proper one: its sender is refused. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/** The library costs 170 ms to load and is needed only to make certificates. */
async function library(): Promise<typeof x509> {
  await import('reflect-metadata');
  const loaded = await import('@peculiar/x509');
  loaded.cryptoProvider.set(webcrypto);
  return loaded;
}

/** Makes the authority of a new cluster. */
export async function createAuthority(clusterUuid: string): Promise<CertificateAndKey> {
  const lib = await library();
  const keys = await generateKeys();
  const certificate = await lib.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [`holdfast cluster ${clusterUuid}`] }],
    ...validity(authorityDays),
    signingAlgorithm,
    keys,
    extensions: [
      new lib.BasicConstraintsExtension(true, 0, true),
      new lib.KeyUsagesExtension(lib.KeyUsageFlags.keyCertSign, true),
      await lib.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: certificate.toString('pem'), keyPem: await privatePem(keys) };
}

/** Makes a node's key and the request to sign it. */
export async function createRequest(node: NodeId): Promise<RequestAndKey> {
  const lib = await library();
  const keys = await generateKeys();
  const request = await lib.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [node] }],
    keys,
    signingAlgorithm,
  });
  return { requestPem: request.toString('pem'), keyPem: await privatePem(keys) };
}

export interface Signing {
  readonly authority: CertificateAndKey;
  readonly clusterUuid: string;
  /** To whom the certificate is given, as the cluster decided. What the request says of its name counts nothing. */
  readonly node: NodeId;
  readonly requestPem: string;
  readonly days: number;
}

/** Signs a newcomer's key. Throws a `RequestError` where the request is not one, or not of a P-256 key. */
export async function signRequest(signing: Signing): Promise<string> {
  const lib = await library();
  const publicKey = await requestedKey(lib, signing.requestPem);
  const issuer = new lib.X509Certificate(signing.authority.certificatePem);
  const uri = identityUri({ clusterUuid: signing.clusterUuid, node: signing.node });
  const certificate = await lib.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [signing.node] }],
    issuer: issuer.subjectName,
    ...validity(signing.days),
    signingAlgorithm,
    publicKey,
    signingKey: await signingKey(signing.authority.keyPem),
    extensions: [
      new lib.BasicConstraintsExtension(false, undefined, true),
      new lib.KeyUsagesExtension(lib.KeyUsageFlags.digitalSignature, true),
      new lib.ExtendedKeyUsageExtension([
        lib.ExtendedKeyUsage.serverAuth,
        lib.ExtendedKeyUsage.clientAuth,
      ]),
      new lib.SubjectAlternativeNameExtension([{ type: 'url', value: uri }]),
      await lib.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return certificate.toString('pem');
}

/** SHA-256 of a certificate (DER), as 64 hexadecimal digits. */
export function fingerprint(certificatePem: string): string {
  return new X509Certificate(certificatePem).fingerprint256.replaceAll(':', '').toLowerCase();
}

async function requestedKey(lib: typeof x509, requestPem: string): Promise<webcrypto.CryptoKey> {
  try {
    const request = new lib.Pkcs10CertificateRequest(requestPem);
    const key = await request.publicKey.export(algorithm, ['verify']);
    if (await request.verify()) return key;
  } catch {
    // Not a request, or another kind of key: the same answer.
  }
  throw new RequestError('this is not a valid certificate request for a P-256 key');
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ]) as Promise<webcrypto.CryptoKeyPair>;
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

function signingKey(keyPem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(keyPem).export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, [
    'sign',
  ]) as Promise<webcrypto.CryptoKey>;
}

/** 16 random bytes, positive. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function validity(days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return {
    notBefore: new Date(now - backdatedDays * dayMs),
    notAfter: new Date(now + days * dayMs),
  };
}
