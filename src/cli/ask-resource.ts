import type { ControlClient, DoneAnswer } from '../client/control-client.ts';
import { type ChangeOptions, type ChangeResult, finish } from './change.ts';
import { checkStarted } from './check-started.ts';
import { checkKnown, resourceNames } from './known-names.ts';
import { resourceViews } from './render/resource-view.ts';
import { UserError } from './user-error.ts';

/**
 * Asks once for something about a resource that the cluster knows; with --wait, checks that it runs
 * afterwards, and on `node` where that is given.
 */
export async function askResource(
  client: ControlClient,
  resource: string,
  ask: () => Promise<DoneAnswer>,
  options: ChangeOptions,
  node?: string,
): Promise<ChangeResult> {
  const before = await client.status();
  checkKnown('resource', resource, resourceNames(before.resources));
  const view = resourceViews(before).find(({ name }) => name === resource);
  const there = node !== undefined && view?.state === 'running' && view.nodes.join() === node;
  if (there || options.dryRun) {
    return finish(client, { changed: !there, index: 0, plan: undefined }, options);
  }
  const result = await finish(client, await ask(), options);
  if (result.status !== undefined) {
    checkStarted(result.status, resource);
    if (node !== undefined) checkPlace(result.status, resource, node);
  }
  return result;
}

function checkPlace(
  status: Parameters<typeof resourceViews>[0],
  resource: string,
  node: string,
): void {
  const view = resourceViews(status).find(({ name }) => name === resource);
  if (view === undefined || view.stoppedByWish || view.nodes.includes(node)) return;
  const place = view.nodes.join(', ') || 'nowhere';
  const message = `the cluster has settled, and ${resource} runs on ${place}`;
  throw new UserError('unsatisfied', message, `holdfast why ${resource}`);
}
