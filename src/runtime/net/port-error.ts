/** An address and port of this node on which nothing can be received, with the reason in words. */
export class PortError extends Error {
  override readonly name = 'PortError';
  readonly kind: 'port-in-use' | 'no-permission' | 'bad-address';

  constructor(kind: PortError['kind'], transport: 'UDP' | 'TCP', host: string, port: number) {
    super(`cannot use ${transport} port ${port} of ${host}: ${reasons[kind]}`);
    this.kind = kind;
  }
}

const reasons = {
  'port-in-use': 'another program uses it',
  'no-permission': 'not permitted',
  'bad-address': 'this is no numeric address',
} as const;

/** Errors that only mean that the address is not there (yet, or any more): a path that is down. */
const transient = new Set(['EADDRNOTAVAIL', 'ENETUNREACH', 'ENETDOWN', 'EHOSTUNREACH', 'ENODEV']);

/** The error that must end a start, or undefined where waiting for the address may help. */
export function portError(
  cause: NodeJS.ErrnoException,
  transport: 'UDP' | 'TCP',
  host: string,
  port: number,
): PortError | undefined {
  if (transient.has(cause.code ?? '')) return undefined;
  if (cause.code === 'EADDRINUSE') return new PortError('port-in-use', transport, host, port);
  if (cause.code === 'EACCES') return new PortError('no-permission', transport, host, port);
  return new PortError('bad-address', transport, host, port);
}
