// Lets what may pause go on to its end.

/** Runs through `steps`, if there are any. */
export function exhaust(steps: Iterable<unknown> | void): void {
  if (steps) for (const _ of steps);
}
