import type { BooleanFlag, OptionFlag } from '@oclif/core/interfaces';
import type { ChangeOptions, ChangeResult } from './change.ts';
import { ClusterCommand } from './cluster-command.ts';
import { dryRunFlag, waitFlag } from './flags.ts';
import { safeText } from './render/safe-text.ts';
import { actionText } from './wait-until-settled.ts';

export interface ChangeFlags {
  readonly wait: OptionFlag<number | undefined>;
  readonly 'dry-run': BooleanFlag<boolean>;
}

/** The flags of every verb that changes something. */
export function changeFlags(): ChangeFlags {
  return { wait: waitFlag(), 'dry-run': dryRunFlag() };
}

export function changeOptions(flags: {
  readonly wait: number | undefined;
  readonly 'dry-run': boolean;
}): ChangeOptions {
  return { waitMs: flags.wait, dryRun: flags['dry-run'] };
}

/** What `--json` prints for a writing verb. */
export interface ChangeReport {
  readonly changed: boolean;
  readonly dryRun: boolean;
  readonly index: number;
  readonly settled: boolean | undefined;
  readonly plan: readonly string[];
}

/** A command that changes something, and says what. */
export abstract class ChangeCommand extends ClusterCommand {
  /** Prints what is so now; `before` says the same of a cluster that was so already. */
  protected report(
    result: ChangeResult,
    sentence: string,
    before: string = sentence,
  ): ChangeReport {
    const { changed, dryRun, index, status } = result;
    const plan = result.plan.map(actionText);
    if (dryRun) {
      this.log(changed ? `would change: ${safeText(sentence)}` : 'unchanged');
      for (const line of plan) this.log(`  ${safeText(line)}`);
      if (changed && plan.length === 0) this.log('  nothing would be started or stopped');
    } else this.log(changed ? safeText(sentence) : `unchanged: ${safeText(before)}`);
    return { changed, dryRun, index, settled: status === undefined ? undefined : true, plan };
  }
}
