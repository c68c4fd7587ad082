// User functions that workers can load: an exported function and the module it is exported from.
import type { FunctionReference } from '../base/function-reference.ts'

const references = new WeakMap<object, FunctionReference>()

/**
 * Names an exported function so that workers can load it: `export const score = udf(import.meta.url, 'score', price => …)`. The function is
 * returned as it is. `name` must be the name it is exported by; a wrong one is a DeviceError FUNCTION_MISSING when the job starts.
 */
export function udf<F extends (...args: never[]) => unknown>(module: string, name: string, fn: F): F {
  references.set(fn, { module, name })
  return fn
}

/** How a plan names `fn`: the export where it is one; and the function itself, for this thread. */
export function functionOf(fn: unknown): { reference?: FunctionReference; closure: unknown } {
  const reference = references.get(fn as object)
  return { ...(reference && { reference }), closure: fn }
}
