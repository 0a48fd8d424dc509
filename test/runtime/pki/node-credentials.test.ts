import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeId } from '../../../src/model/ids.ts';
import {
  type CertificateAndKey,
  createAuthority,
  createRequest,
  fingerprint,
  RequestError,
  signRequest,
} from '../../../src/runtime/pki/authority.ts';
import {
  loadAuthority,
  loadCredentials,
  type NodeCredentials,
  storeAuthority,
  storeCredentials,
} from '../../../src/runtime/pki/node-credentials.ts';
import { writeAtomically } from '../../../src/runtime/pki/secure-files.ts';

const clusterUuid = 'c1b8b6a2-0000-4000-8000-000000000001';
const alpha = nodeId('alpha');
const dayMs = 86_400_000;

let authority: CertificateAndKey;
let foreign: CertificateAndKey;
let alphaCredentials: NodeCredentials;
let betaCredentials: NodeCredentials;
let directory = '';

async function credentials(name: string, days = 30): Promise<NodeCredentials> {
  const node = nodeId(name);
  const { requestPem, keyPem } = await createRequest(node);
  const certificatePem = await signRequest({ authority, clusterUuid, node, requestPem, days });
  return { authorityPem: authority.certificatePem, certificatePem, keyPem };
}

beforeAll(async () => {
  authority = await createAuthority(clusterUuid);
  foreign = await createAuthority(clusterUuid);
  alphaCredentials = await credentials('alpha');
  betaCredentials = await credentials('beta');
});
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'holdfast-pki-')), 'pki');
  storeCredentials(directory, alphaCredentials);
});
afterEach(() => {
  rmSync(join(directory, '..'), { recursive: true, force: true });
});

const file = (name: string): string => join(directory, name);
const load = (nowMs = Date.now()) => loadCredentials(directory, nowMs);

describe('authority', () => {
  it('signs a certificate that names cluster and node, for both ends of a stream', () => {
    const certificate = new X509Certificate(alphaCredentials.certificatePem);
    expect(certificate.subjectAltName).toBe(`URI:holdfast:${clusterUuid}/alpha`);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(certificate.verify(new X509Certificate(authority.certificatePem).publicKey)).toBe(true);
  });

  it('gives the name that the cluster decided, whatever the request says', async () => {
    const { requestPem } = await createRequest(nodeId('mallory'));
    const signing = { authority, clusterUuid, node: alpha, requestPem, days: 1 };
    const certificate = new X509Certificate(await signRequest(signing));
    expect([certificate.subject, certificate.subjectAltName]).toEqual([
      'CN=alpha',
      `URI:holdfast:${clusterUuid}/alpha`,
    ]);
  });

  it('refuses what is no request', async () => {
    const signing = { authority, clusterUuid, node: alpha, days: 1 };
    const { requestPem } = await createRequest(alpha);
    const lines = requestPem.split('\n');
    lines.splice(3, 1, [...(lines[3] ?? '')].reverse().join(''));
    for (const bad of ['', 'nonsense', authority.certificatePem, lines.join('\n')]) {
      await expect(signRequest({ ...signing, requestPem: bad })).rejects.toThrow(RequestError);
    }
  });

  it('has a fingerprint of 64 hexadecimal digits', () => {
    expect(fingerprint(authority.certificatePem)).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprint(authority.certificatePem)).not.toBe(fingerprint(foreign.certificatePem));
  });

  it('is stored so that nobody else can sign', () => {
    storeAuthority(directory, authority);
    expect(loadAuthority(directory)).toEqual(authority);
    expect(statSync(file('authority.key')).mode & 0o777).toBe(0o600);
    writeFileSync(file('authority.key'), foreign.keyPem);
    expect(() => loadAuthority(directory)).toThrow(/authority.key is not the key/);
  });
});

describe('node credentials', () => {
  it('come back with identity and end', () => {
    const loaded = load();
    expect(loaded).toMatchObject({ ...alphaCredentials, identity: { clusterUuid, node: 'alpha' } });
    expect(loaded.expiresAtMs - Date.now()).toBeGreaterThan(29 * dayMs);
  });

  it('are stored with modes that keep the key secret', () => {
    const modes = readdirSync(directory).map((name) => [name, statSync(file(name)).mode & 0o777]);
    expect(Object.fromEntries(modes)).toEqual({
      'authority.pem': 0o644,
      'node.key': 0o600,
      'node.pem': 0o644,
    });
    expect(statSync(directory).mode & 0o777).toBe(0o755);
  });

  it.each([0o640, 0o604, 0o620, 0o666])('are refused when the key has mode %o', (mode) => {
    chmodSync(file('node.key'), mode);
    const octal = mode.toString(8);
    expect(load).toThrow(
      expect.objectContaining({
        kind: 'exposed',
        message: `${file('node.key')}: others can read it (mode 0${octal}); set mode 0600, and replace it`,
      }),
    );
  });

  it('are refused when others can write the directory or a certificate', () => {
    chmodSync(file('node.pem'), 0o664);
    expect(load).toThrow(/node.pem: others can write it \(mode 0664\)/);
    chmodSync(file('node.pem'), 0o644);
    chmodSync(directory, 0o777);
    expect(load).toThrow(/others can write into it/);
  });

  it('are refused when a file is a link', () => {
    renameSync(file('node.key'), file('elsewhere'));
    symlinkSync('elsewhere', file('node.key'));
    expect(load).toThrow(expect.objectContaining({ kind: 'exposed' }));
  });

  it('are refused when a file is missing', () => {
    rmSync(file('node.key'));
    expect(load).toThrow(expect.objectContaining({ kind: 'missing' }));
  });

  it('are refused when a file is empty or something else', () => {
    writeFileSync(file('node.key'), '');
    expect(load).toThrow(/node.key is no private key/);
    writeFileSync(file('node.key'), alphaCredentials.keyPem);
    writeFileSync(file('node.pem'), 'x');
    expect(load).toThrow(/node.pem is no certificate/);
  });

  it('are refused when key and certificate are of different nodes', () => {
    writeFileSync(file('node.key'), betaCredentials.keyPem);
    expect(load).toThrow(expect.objectContaining({ kind: 'mismatch' }));
  });

  it('are refused when another authority signed them', () => {
    writeFileSync(file('authority.pem'), foreign.certificatePem);
    expect(load).toThrow(/node.pem was not signed by .*authority.pem/);
  });

  it('are refused when the certificate is the authority itself', () => {
    writeFileSync(file('node.key'), authority.keyPem);
    writeFileSync(file('node.pem'), authority.certificatePem);
    expect(load).toThrow(/names no node/);
  });

  it('are refused after their end, and before their beginning', () => {
    expect(() => load(Date.now() + 31 * dayMs)).toThrow(/expired at/);
    expect(() => load(Date.now() - 3 * dayMs)).toThrow(/check this machine's clock/);
    expect(() => load(Date.now() - dayMs)).not.toThrow();
  });

  it('replace older ones whole: a leftover of a crash does no harm', () => {
    writeFileSync(file('.node.key.new'), 'half');
    storeCredentials(directory, betaCredentials);
    expect(load().identity.node).toBe('beta');
    expect(existsSync(file('.node.key.new'))).toBe(false);
  });

  it('do not follow a link that waits where the new file is to be made', () => {
    symlinkSync('/etc/shadow-of-nothing', file('.node.key.new'));
    writeAtomically(file('node.key'), alphaCredentials.keyPem, 0o600);
    expect(existsSync('/etc/shadow-of-nothing')).toBe(false);
    expect(load().identity.node).toBe('alpha');
  });
});
