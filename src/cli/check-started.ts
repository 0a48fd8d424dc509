import type { StatusReport } from '../api/requests.ts';
import { resourceViews } from './render/resource-view.ts';
import { UserError } from './user-error.ts';

/** After the cluster has settled: refuses to call it done while the resource does not run. */
export function checkStarted(status: StatusReport, resource: string): void {
  const view = resourceViews(status).find(({ name }) => name === resource);
  if (view === undefined || view.state === 'running' || view.stoppedByWish) return;
  const message = `the cluster has settled, and ${resource} is ${view.state}`;
  throw new UserError('unsatisfied', message, `holdfast why ${resource}`);
}
