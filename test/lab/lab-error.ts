/** A wrong request to the lab (unknown host, bad percentage, …): one line for the person who asked. */
export class LabUsageError extends Error {
  override readonly name = 'LabUsageError';
}

/** The lab could not do what was asked: a missing package, a kernel that refuses, a host that is off. */
export class LabError extends Error {
  override readonly name = 'LabError';
}
