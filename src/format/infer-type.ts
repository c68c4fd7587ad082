// Finding a column's type from values seen as text: the narrowest type that holds all of them exactly. Used by NDJSON and CSV inference.
import { bool, type DataType, float64, int64, type TimeUnit, utf8 } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'

/** What one value looks like; 'long' is an int64 that no float64 holds, 'text' any other string. */
export type Look = 'bool' | 'int64' | 'long' | 'float64' | 'date' | 'timestamp' | 'text' | 'null'

const isoTime = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([Tt ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?([Zz]|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?)?$/

/** Whether text is an ISO 8601 date and time as the decoders take it. */
export function isTime(text: string): boolean {
  return isoTime.test(text) && Number(text.slice(8, 10)) <= daysInMonth(Number(text.slice(0, 4)), Number(text.slice(5, 7)))
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** What text looks like that is neither a number nor a bool. */
export function timeLook(text: string): Look {
  if (!isTime(text)) return 'text'
  return text.length === 10 ? 'date' : 'timestamp'
}

/** How a number that is written as `text` is held: whole ones as int64, or float64 beyond it if that holds them, else as text; all others as float64. */
export function numberLook(text: string): Look {
  if (!/^[+-]?\d+$/.test(text)) return 'float64'
  if (text.length <= 15) return 'int64'
  const value = BigInt(text.replace('+', ''))
  const asFloat = Number(value)
  const fits = Number.isFinite(asFloat) && BigInt(asFloat) === value
  if (BigInt.asIntN(64, value) === value) return fits ? 'int64' : 'long'
  return fits ? 'float64' : 'text'
}

/** What was seen of one column so far. */
export class TypeFinder {
  #looks = new Set<Look>()
  #last: Look | undefined
  #fractionDigits = 0
  hasNull = false

  see(look: Look, text: string): void {
    if (look === 'null') this.hasNull = true
    else if (look !== this.#last) this.#looks.add((this.#last = look))
    // A fraction begins behind the seconds: one that is no longer than those before isn't looked at.
    if (look === 'timestamp' && text.length - 20 > this.#fractionDigits) this.#fractionDigits = Math.max(this.#fractionDigits, /\.(\d+)/.exec(text)?.[1]?.length ?? 0)
  }

  /** All that values looked like, but nulls. */
  get looks(): ReadonlySet<Look> {
    return this.#looks
  }

  /** The most digits that a timestamp's fraction had. */
  get fractionDigits(): number {
    return this.#fractionDigits
  }

  /**
   * int64 and float64 widen to float64 where it holds all whole numbers that were seen, date and timestamp to timestamp, whose unit is the coarsest of ms, us,
   * ns that loses nothing; any other mix, or nothing, is utf8.
   */
  type(): DataType {
    const looks = this.#looks
    const only = (...allowed: Look[]) => looks.size > 0 && [...looks].every(look => allowed.includes(look))
    if (only('bool')) return bool
    if (only('int64', 'long')) return int64
    if (only('int64', 'float64')) return float64
    if (only('date')) return { kind: 'date' }
    return only('date', 'timestamp') ? { kind: 'timestamp', unit: this.#unit() } : utf8
  }

  #unit(): TimeUnit {
    return this.#fractionDigits <= 3 ? 'ms' : this.#fractionDigits <= 6 ? 'us' : 'ns'
  }
}

/** The columns that were found, in order. `isWhole`: the sample is all there is; otherwise later rows may lack a value, so every column allows nulls. */
export function foundFields(finders: ReadonlyMap<string, TypeFinder>, isWhole: boolean): Field[] {
  return [...finders].map(([name, finder]) => ({ name, type: finder.type(), nullable: finder.hasNull || !isWhole }))
}
