/** A broken invariant: a programmer error, never bad input. The daemon ends and the heart bounds the damage. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Ends the program when an invariant is broken, in production too. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The end of an exhaustive `switch`: a missing case does not compile. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}

/** The value, which an invariant says is there. */
export function defined<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new AssertionError(`missing: ${what}`);
  return value;
}
