/** What every trace has far too much of. */
const noise: ReadonlySet<string> = new Set(['ping', 'pong', 'view', 'remember', 'persisted']);
const LONGEST = 320;

/** One line for an input or effect; undefined for what only hides the story. */
export function traceText(prefix: string, item: { readonly kind: string }): string | undefined {
  if (isNoise(item)) return undefined;
  const text = JSON.stringify(item);
  return `${prefix} ${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}`;
}

function isNoise(item: object): boolean {
  if ('kind' in item && typeof item.kind === 'string' && noise.has(item.kind)) return true;
  if ('request' in item && isStatus(item.request)) return true;
  if ('response' in item && isStatus(item.response)) return true;
  if (!('message' in item) || typeof item.message !== 'object' || item.message === null) {
    return false;
  }
  return isNoise(item.message) || isHeartbeat(item.message);
}

function isStatus(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'status';
}

/** Raft's own heartbeats and their answers. */
function isHeartbeat(message: object): boolean {
  if (!('message' in message) || typeof message.message !== 'object') return false;
  const inner = message.message;
  return inner !== null && 'kind' in inner && `${inner.kind}`.startsWith('heartbeat');
}
