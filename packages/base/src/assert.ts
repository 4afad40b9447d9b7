/** A broken invariant: a defect of Freshet, never the consequence of outside input. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws unless `condition` holds. Pass a function when building the message costs something. */
export function assert(condition: unknown, message: string | (() => string)): asserts condition {
  if (condition) return;
  throw new AssertionError(typeof message === "string" ? message : message());
}

/** Returns `value`, which the caller knows to be present. */
export function must<T>(value: T | null | undefined, message = "a required value is missing"): T {
  if (value === null || value === undefined) throw new AssertionError(message);
  return value;
}

/** Marks a branch that the type checker proves dead. */
export function unreachable(value: never, what = "value"): never {
  throw new AssertionError(`unexpected ${what}: ${String(value)}`);
}
