// Finding a column's type from values seen as text: the narrowest type that holds all of them exactly. Used by NDJSON and CSV inference.
import { type DataType, float64, int64, bool, utf8, type TimeUnit } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'

/** What one value looks like. 'text' is any other string; 'other' is what only raw text can hold. */
export type Look = 'bool' | 'int64' | 'float64' | 'timestamp' | 'text' | 'null'

const isoTime = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([Tt ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?([Zz]|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?)?$/

/** Whether text is an ISO 8601 date and time as the decoders take it. */
export function isTime(text: string): boolean {
  return (
    isoTime.test(text) &&
    !Number.isNaN(Date.parse(`${text.slice(0, 10)}T00:00:00Z`)) &&
    new Date(`${text.slice(0, 10)}T00:00:00Z`).toISOString().startsWith(text.slice(0, 10))
  )
}

/** How a number that is written as `text` is held exactly: whole ones within int64 as int64, all others as float64. */
export function numberLook(text: string): Look {
  if (!/^[+-]?\d+$/.test(text)) return 'float64'
  const value = BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, value) === value ? 'int64' : 'float64'
}

/** What was seen of one column so far. */
export class TypeFinder {
  #looks = new Set<Look>()
  #fractionDigits = 0
  hasNull = false

  see(look: Look, text: string): void {
    if (look === 'null') this.hasNull = true
    else this.#looks.add(look)
    if (look === 'timestamp') this.#fractionDigits = Math.max(this.#fractionDigits, /\.(\d+)/.exec(text)?.[1]?.length ?? 0)
  }

  /** int64 and float64 widen to float64; a timestamp's unit is the coarsest of ms, us, ns that loses nothing; any other mix, or nothing, is utf8. */
  type(): DataType {
    const looks = this.#looks
    if (looks.size === 1) {
      if (looks.has('bool')) return bool
      if (looks.has('int64')) return int64
      if (looks.has('float64')) return float64
      if (looks.has('timestamp')) return { kind: 'timestamp', unit: this.#unit() }
    }
    return looks.size === 2 && looks.has('int64') && looks.has('float64') ? float64 : utf8
  }

  #unit(): TimeUnit {
    return this.#fractionDigits <= 3 ? 'ms' : this.#fractionDigits <= 6 ? 'us' : 'ns'
  }
}

/** The columns that were found, in order. `isWhole`: the sample is all there is; otherwise later rows may lack a value, so every column allows nulls. */
export function foundFields(finders: ReadonlyMap<string, TypeFinder>, isWhole: boolean): Field[] {
  return [...finders].map(([name, finder]) => ({ name, type: finder.type(), nullable: finder.hasNull || !isWhole }))
}
