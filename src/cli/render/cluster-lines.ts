import { problemsOf } from '../../api/problems.ts';
import type { StatusReport } from '../../api/requests.ts';
import { durationText } from '../../model/duration.ts';
import { safeText, wrap } from './safe-text.ts';
import { nodeLines, type Screen } from './status-screen.ts';

/** `holdfast cluster status`: the cluster without its resources. */
export function clusterLines(status: StatusReport, screen: Screen): readonly string[] {
  const { options, failover, raft } = status;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const protectionCodes = ['unprotected', 'single-path', 'even-voters', 'single-node'];
  const missing = problemsOf(status).filter(({ code }) => protectionCodes.includes(code));
  return [
    `cluster    ${safeText(status.cluster)} (${safeText(status.clusterId)})`,
    `leader     ${raft.leader ?? 'none'}, term ${raft.term}${raft.quorate ? '' : ', NOT quorate'}`,
    `lost       after ${seconds(failover.detectMs)} of silence now ` +
      `(between ${durationText(options.detectMinMs)} and ${durationText(options.detectMaxMs)})`,
    `take-over  ${options.takeover}, after ${seconds(failover.takeoverMs)}; ` +
      `self-stop ${durationText(options.selfStopMs)}; lease lost: ${options.onLeaseLost}`,
    '',
    ...nodeLines(status, screen),
    ...(missing.length === 0 ? [] : ['']),
    ...missing.flatMap(({ text }) => wrap(`note: ${safeText(text)}`, screen.width)),
  ];
}
