import { hostname } from 'node:os';
import { string } from '@oclif/core/flags';
import type { OptionFlag } from '@oclif/core/interfaces';
import { isName } from '../model/ids.ts';
import { isIpv4, isIpv6 } from '../model/ip-address.ts';
import { type Directories, defaultDirectories, type LocalLink } from '../provision/local-types.ts';
import { UserError } from './user-error.ts';

/** UDP and TCP port of a node, unless another is said. */
export const DEFAULT_PORT = 7400;

/** The values of the flags of `cluster init` and `cluster join`. */
export interface LocalFlags {
  node: string | undefined;
  link: string[];
}

export function localFlags(): {
  readonly node: OptionFlag<string | undefined>;
  readonly link: OptionFlag<string[]>;
} {
  return {
    node: string({ description: 'name of this node; its host name if not given' }),
    link: string({
      description: 'own address on a path, one for each path: [NAME=]ADDRESS[:PORT]',
      helpValue: '[NAME=]ADDRESS[:PORT]',
      multiple: true,
      required: true,
    }),
  };
}

/** What `cluster init` and `cluster join` have in common. */
export function readLocalFlags(flags: LocalFlags): {
  readonly directories: Directories;
  readonly node: string;
  readonly links: readonly LocalLink[];
} {
  const node = flags.node ?? hostname().split('.')[0] ?? '';
  if (!isName(node)) {
    throw new UserError('bad-request', `'${node}' cannot name a node`, '--node alpha');
  }
  return { directories: directoriesFrom(process.env), node, links: parseLinks(flags.link) };
}

/** Directories of this node: those of a package, unless the environment says others. */
export function directoriesFrom(environment: NodeJS.ProcessEnv): Directories {
  const { etc, state, run } = defaultDirectories;
  return {
    etc: environment.HOLDFAST_ETC ?? etc,
    state: environment.HOLDFAST_STATE ?? state,
    run: environment.HOLDFAST_RUN ?? run,
  };
}

/** Links from `net0=192.0.2.1:7400`, `[2001:db8::1]:7400` or plain addresses, which get names. */
export function parseLinks(texts: readonly string[]): readonly LocalLink[] {
  const links = texts.map((text, i) => parseLink(text, `net${i}`));
  const seen = new Set<string>();
  for (const { link, host, port } of links) {
    for (const key of [link, `${host} ${port}`]) {
      if (seen.has(key)) throw new UserError('bad-request', `--link: '${key}' is there twice`);
      seen.add(key);
    }
  }
  return links;
}

function parseLink(text: string, otherwise: string): LocalLink {
  const equals = text.indexOf('=');
  const link = equals < 0 ? otherwise : text.slice(0, equals);
  const address = equals < 0 ? text : text.slice(equals + 1);
  const match =
    /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(address) ?? /^([^:]+)(?::(\d{1,5}))?$/.exec(address);
  const host = match?.[1] ?? address;
  const port = match?.[2] === undefined ? DEFAULT_PORT : Number(match[2]);
  const right = (isIpv4(host) || isIpv6(host)) && port > 0 && port < 65_536 && isName(link);
  if (right) return { link, host, port };
  throw new UserError(
    'bad-request',
    `--link: '${text}' is not [NAME=]ADDRESS[:PORT] with a numeric address`,
    '--link net0=192.0.2.1:7400',
  );
}
