import type { ErrorCode } from './requests.ts';

/** Exit code of the command for each error of the API (sysexits where they fit, and Pacemaker's). */
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  'bad-request': 64,
  'invalid-config': 65,
  'not-found': 105,
  exists: 108,
  conflict: 75,
  'no-quorum': 106,
  'no-leader': 114,
  unsafe: 107,
  timeout: 124,
  unavailable: 69,
  denied: 77,
  disk: 74,
  'bad-token': 110,
  internal: 70,
};

/** Exit codes beside those of the errors. */
export const otherExitCodes = {
  ok: 0,
  /** `config diff`: the file and the cluster differ. */
  differs: 1,
  noInput: 66,
  /** The write was made and everything has settled, but what was asked for is not so. */
  unsatisfied: 113,
} as const;

/** The table that `holdfast help exit-codes` prints; held against `docs/commands.md` by a test. */
export const exitCodeTable: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'done, or nothing to do'],
  [1, 'config diff: the file and the cluster differ'],
  [64, 'the command line is wrong'],
  [65, 'the configuration is invalid'],
  [66, 'an input file cannot be read'],
  [69, 'the agent is not running on this node, or cannot answer'],
  [70, 'a bug in holdfast'],
  [74, 'the disk of the node fails or is full'],
  [75, 'somebody else changed the configuration at the same time: try again'],
  [77, 'no permission'],
  [105, 'no such node, resource or rule'],
  [106, 'no quorum: too few voters are in reach'],
  [107, 'refused because it is not safe, or --yes is missing'],
  [108, 'it exists already, and is different'],
  [110, 'the join token is wrong, used or expired'],
  [113, 'the cluster has settled, but what was asked for is not so'],
  [114, 'no leader just now: an election is going on'],
  [124, 'not finished in time'],
];

/** HTTP status of each error. */
export const httpStatuses: Readonly<Record<ErrorCode, number>> = {
  'bad-request': 400,
  'invalid-config': 422,
  'not-found': 404,
  exists: 409,
  conflict: 412,
  'no-quorum': 503,
  'no-leader': 503,
  unsafe: 409,
  timeout: 504,
  unavailable: 503,
  denied: 403,
  disk: 507,
  'bad-token': 403,
  internal: 500,
};
