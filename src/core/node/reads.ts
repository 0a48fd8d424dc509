import type { ApiRequest, ApiResponse } from '../../api/requests.ts';
import type { NodeContext } from './context.ts';
import { statusReport } from './status-report.ts';

/**
 * The answer to a request that only reads, from this node's own applied state; undefined for one that changes
 * something.
 */
export function readAnswer(
  request: ApiRequest,
  incarnation: number,
  trouble: readonly string[],
  context: NodeContext,
): ApiResponse | undefined {
  const { state } = context;
  switch (request.kind) {
    case 'status':
      return { kind: 'status', status: statusReport(context, incarnation, trouble) };
    case 'config':
      return configAnswer(context);
    case 'events': {
      const events = state.eventsAfter(request.after, request.limit);
      return { kind: 'events', events, last: state.lastEvent };
    }
    default:
      return undefined;
  }
}

function configAnswer({ state }: NodeContext): ApiResponse {
  const { config, configVersion: version, configSource: source } = state;
  if (config !== undefined) return { kind: 'config', version, config, source };
  return {
    kind: 'error',
    code: 'unavailable',
    message: 'this node has no configuration yet',
    hint: 'wait until it has joined the cluster',
  };
}
