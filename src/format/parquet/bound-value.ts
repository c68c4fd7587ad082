// Bounds of a file's statistics as the values that rows have.
import type { DataType } from '../../batch/data-type.ts'
import { formatDecimal } from '../../batch/decimal-text.ts'
import type { Stored } from '../../batch/stored-value.ts'
import { dayMs } from '../../batch/time-text.ts'
import type { Value } from '../../batch/value.ts'

/** The value that a row of `type` has where `stored` is stored. Of a text that was cut, the characters that are whole. */
export function boundValue(type: DataType, stored: Stored): Value {
  switch (type.kind) {
    case 'date':
      return Number(stored) * dayMs
    case 'int64':
      return type.asNumber ? Number(stored) : (stored as bigint)
    case 'time':
    case 'timestamp':
    case 'duration':
      return type.unit === 'us' || type.unit === 'ns' ? (stored as bigint) : Number(stored) * (type.unit === 's' ? 1000 : 1)
    case 'decimal':
      return formatDecimal(stored as bigint, type.scale)
    case 'utf8':
      return stored instanceof Uint8Array ? wholeText(stored) : (stored as Value)
    default:
      return stored instanceof Uint8Array ? stored.slice() : (stored as Value)
  }
}

// Without the first bytes of a character that was cut off.
function wholeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes, { stream: true })
}
