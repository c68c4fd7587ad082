// What is known of values that nobody has read yet.
import type { Stored } from './stored-value.ts'

/**
 * What is known of a column's values, as they are stored (`batch/stored-value.ts`), strings as UTF-8 bytes or text: none that isn't null, nor NaN, is below `least` or
 * above `greatest`. `nulls`: how many of the values are null. `members`: the same of a struct's members, where a value is null behind a null struct, too.
 */
export interface ValueBounds {
  readonly least?: Stored
  readonly greatest?: Stored
  readonly nulls?: 'none' | 'all'
  readonly members?: Readonly<Record<string, ValueBounds>>
}
