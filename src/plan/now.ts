// now() in a plan: one time for the whole job, from the job's clock, written in when the job starts.
import type { Json } from '../base/json.ts'

/** The plan with every now() made the time `ms`; the same object where there is none. */
export function fixNow<P>(plan: P, ms: number): P {
  return fixed(plan as Json, ms) as P
}

function fixed(value: Json | undefined, ms: number): Json | undefined {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (Array.isArray(value)) {
    const items = value.map(item => fixed(item, ms)!)
    return items.every((item, i) => item === value[i]) ? value : items
  }
  const given = value as { readonly [key: string]: Json | undefined }
  if (given['kind'] === 'call' && given['fn'] === 'now') return { kind: 'literal', value: { as: 'timestamp[ms]', text: new Date(ms).toISOString() } }
  let changed = false
  const entries = Object.entries(given).map(([key, item]) => {
    const next = fixed(item, ms)
    changed ||= next !== item
    return [key, next] as const
  })
  return changed ? Object.fromEntries(entries) : value
}
