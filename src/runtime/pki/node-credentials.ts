import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { CertificateAndKey } from './authority.ts';
import { type CertificateIdentity, parseIdentityUri } from './identity-uri.ts';
import { CredentialError, readSecurely, secureDirectory, writeAtomically } from './secure-files.ts';

/** By what a node proves who it is. */
export interface NodeCredentials {
  readonly authorityPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface LoadedCredentials extends NodeCredentials {
  readonly identity: CertificateIdentity;
  readonly expiresAtMs: number;
}

const authorityFile = 'authority.pem';
const authorityKeyFile = 'authority.key';
const certificateFile = 'node.pem';
const keyFile = 'node.key';

/** Stores a node's credentials; the certificate comes last, so that half a set is seen as a missing one. */
export function storeCredentials(directory: string, credentials: NodeCredentials): void {
  secureDirectory(directory);
  writeAtomically(join(directory, keyFile), credentials.keyPem, 0o600);
  writeAtomically(join(directory, authorityFile), credentials.authorityPem, 0o644);
  writeAtomically(join(directory, certificateFile), credentials.certificatePem, 0o644);
}

/** Stores the authority's own key beside its certificate: whoever has it can admit nodes. */
export function storeAuthority(directory: string, authority: CertificateAndKey): void {
  secureDirectory(directory);
  writeAtomically(join(directory, authorityKeyFile), authority.keyPem, 0o600);
  writeAtomically(join(directory, authorityFile), authority.certificatePem, 0o644);
}

/** The authority's certificate and key. Throws a `CredentialError` as `loadCredentials` does. */
export function loadAuthority(directory: string): CertificateAndKey {
  const certificatePath = join(directory, authorityFile);
  const keyPath = join(directory, authorityKeyFile);
  const keyPem = readSecurely(keyPath, 'secret');
  const certificatePem = readSecurely(certificatePath, 'public');
  const certificate = parseCertificate(certificatePath, certificatePem);
  checkKey(certificate, parseKey(keyPath, keyPem), keyPath);
  return { certificatePem, keyPem };
}

/**
 * Loads and checks a node's credentials: nobody else can read the key, key and certificate belong together, the
 * authority signed it, it names a node and is valid at `nowMs` (wall clock). Throws a `CredentialError` otherwise.
 */
export function loadCredentials(directory: string, nowMs: number): LoadedCredentials {
  const authorityPath = join(directory, authorityFile);
  const certificatePath = join(directory, certificateFile);
  const keyPath = join(directory, keyFile);
  const keyPem = readSecurely(keyPath, 'secret');
  const authorityPem = readSecurely(authorityPath, 'public');
  const certificatePem = readSecurely(certificatePath, 'public');
  const authority = parseCertificate(authorityPath, authorityPem);
  const certificate = parseCertificate(certificatePath, certificatePem);
  checkKey(certificate, parseKey(keyPath, keyPem), keyPath);
  if (!certificate.verify(authority.publicKey)) {
    const message = `${certificatePath} was not signed by ${authorityPath}`;
    throw new CredentialError('mismatch', message);
  }
  const identity = identityOf(certificate);
  if (identity === undefined) {
    throw new CredentialError('malformed', `${certificatePath} names no node of a cluster`);
  }
  checkDates(certificate, certificatePath, nowMs);
  const expiresAtMs = certificate.validToDate.getTime();
  return { authorityPem, certificatePem, keyPem, identity, expiresAtMs };
}

/** The identity that a certificate names: it must be its only subject alternative name. */
export function identityOf(certificate: X509Certificate): CertificateIdentity | undefined {
  const names = certificate.subjectAltName;
  return names?.startsWith('URI:') ? parseIdentityUri(names.slice(4)) : undefined;
}

function parseCertificate(path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new CredentialError('malformed', `${path} is no certificate`);
  }
}

function parseKey(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new CredentialError('malformed', `${path} is no private key`);
  }
}

function checkKey(certificate: X509Certificate, key: KeyObject, keyPath: string): void {
  if (certificate.checkPrivateKey(key)) return;
  throw new CredentialError('mismatch', `${keyPath} is not the key of the certificate beside it`);
}

function checkDates(certificate: X509Certificate, path: string, nowMs: number): void {
  if (nowMs > certificate.validToDate.getTime()) {
    throw new CredentialError('expired', `${path} expired at ${certificate.validTo}`);
  }
  if (nowMs < certificate.validFromDate.getTime()) {
    const message = `${path} is valid from ${certificate.validFrom} on; check this machine's clock`;
    throw new CredentialError('expired', message);
  }
}
