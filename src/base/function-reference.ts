// User functions in a plan. A closure can't leave its thread, so a plan holds a name for it; an exported function is named by its
// module and can be loaded by any worker.

/** A closure, by the name it has in the run's bindings; or an export of a module, by URL. */
export type FunctionReference = { readonly closure: string } | { readonly module: string; readonly name: string }

/** What a reference leads to. */
export type UserFunction = (...args: never[]) => unknown

/** True where the function can only run on the thread that made it. */
export function isClosure(reference: FunctionReference): reference is { readonly closure: string } {
  return 'closure' in reference
}

/** The reference as the name of a binding. */
export function functionKey(reference: FunctionReference): string {
  return isClosure(reference) ? reference.closure : `${reference.name} of ${reference.module}`
}

/** The reference as people read it. */
export function describeFunction(reference: FunctionReference): string {
  return isClosure(reference) ? 'a function' : `${reference.name} of ${reference.module.split('/').at(-1)}`
}
