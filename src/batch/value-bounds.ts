// What is known of values that nobody has read yet.
import type { DataType } from './data-type.ts'
import type { Stored } from './stored-value.ts'

/**
 * What is known of a column's values, as they are stored (`batch/stored-value.ts`), strings as UTF-8 bytes or text: none that isn't null, nor NaN, is below `least` or
 * above `greatest`. `nulls`: how many of the values are null. `members`: the same of a struct's members, where a value is null behind a null struct, too.
 */
export interface ValueBounds {
  readonly least?: Stored
  readonly greatest?: Stored
  readonly nulls?: 'none' | 'all'
  /** True where none of the values equals this constant of that type, as it is stored; false where that isn't known. May look at the data. */
  readonly lacks?: (value: Stored, type: DataType) => boolean
  readonly members?: Readonly<Record<string, ValueBounds>>
}
