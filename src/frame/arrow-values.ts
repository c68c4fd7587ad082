// Values of apache-arrow tables, as rows of the engine have them. They are read from the buffers: the library's own reading loses digits of times.
import type * as Arrow from 'apache-arrow'
import { formatDecimal } from '../batch/decimal-text.ts'
import { float16Number } from '../batch/float16.ts'
import { nestedValues, type Value } from '../batch/read-values.ts'
import { dayMs } from '../batch/time-text.ts'
import { arrowLibrary } from './arrow-library.ts'
import { typeOfArrow } from './arrow-types.ts'

type Reader = (row: number) => Value

/** The values of a column, all of its chunks. */
export function valuesOfVector(vector: Arrow.Vector): Value[] {
  return vector.data.flatMap(valuesOfData)
}

/** The values of a chunk. */
export function valuesOfData(data: Arrow.Data): Value[] {
  const read = readerOf(data)
  return Array.from({ length: data.length }, (_, row) => read(row))
}

function readerOf(data: Arrow.Data): Reader {
  const read = valueOf(data)
  return data.nullCount === 0 ? read : row => (data.getValid(row) ? read(row) : null)
}

function valueOf(data: Arrow.Data): Reader {
  const { type, values } = data
  const numbers = values as unknown as ArrayLike<number>
  const words = values as unknown as ArrayLike<bigint>
  switch (type.typeId) {
    case 1:
      return () => null
    case 3:
      return (type as Arrow.Float).precision === 0 ? row => float16Number(numbers[row]!) : row => numbers[row]!
    case 7:
      return decimals(data)
    case 8:
      return (type as Arrow.Date_).unit === 0 ? row => numbers[row]! * dayMs : row => Number(words[row]!)
    case 9:
    case 10:
    case 18:
      return counts(data)
    case 11:
      return intervals(data)
    case 15:
    case 2:
      return fixed(data)
    case 12:
    case 13:
    case 16:
    case 17:
    case 21:
      return nested(data)
    case -1:
      return dictionary(data)
    default: {
      // Bools, texts and bytes of all layouts are what the library reads well.
      const vector = new (arrowLibrary().Vector)([data])
      return row => vector.get(row) as Value
    }
  }
}

function fixed({ type, values }: Arrow.Data): Reader {
  if (type.typeId === 2) return row => (values as ArrayLike<number | bigint>)[row]!
  const width = (type as Arrow.FixedSizeBinary).byteWidth
  return row => (values as Uint8Array).subarray(row * width, (row + 1) * width)
}

function decimals({ type, values }: Arrow.Data): Reader {
  const { scale, bitWidth } = type as Arrow.Decimal
  const width = bitWidth / 32
  const words = values as Uint32Array
  return row => {
    let number = BigInt(words[row * width + width - 1]! | 0)
    for (let i = width - 2; i >= 0; i--) number = (number << 32n) | BigInt(words[row * width + i]!)
    return formatDecimal(number, scale)
  }
}

// Seconds and milliseconds as numbers of milliseconds, microseconds and nanoseconds as bigints.
function counts({ type, values }: Arrow.Data): Reader {
  const counted = values as ArrayLike<number | bigint>
  const { unit } = type as unknown as { unit: number }
  return unit < 2 ? row => Number(counted[row]!) * (unit === 0 ? 1000 : 1) : row => BigInt(counted[row]!)
}

function intervals({ type, values }: Arrow.Data): Reader {
  const words = values as Int32Array
  const { unit } = type as Arrow.Interval
  if (unit === 0) return row => ({ months: words[row]!, days: 0, nanoseconds: 0n })
  if (unit === 1) return row => ({ months: 0, days: words[2 * row]!, nanoseconds: BigInt(words[2 * row + 1]!) * 1_000_000n })
  return row => ({ months: words[4 * row]!, days: words[4 * row + 1]!, nanoseconds: (BigInt(words[4 * row + 3]!) << 32n) | BigInt(words[4 * row + 2]! >>> 0) })
}

function nested(data: Arrow.Data): Reader {
  const { type, children } = data
  const inside = (type.typeId === 17 ? children[0]!.children : children).map(readerOf)
  const offsets = type.typeId === 21 ? Int32Array.from(data.valueOffsets as unknown as BigInt64Array, Number) : (data.valueOffsets as Int32Array | undefined)
  return nestedValues(typeOfArrow('', type), inside, offsets)
}

function dictionary(data: Arrow.Data): Reader {
  const chosen = valuesOfVector(data.dictionary as Arrow.Vector)
  const indices = data.values as unknown as ArrayLike<number | bigint>
  return row => chosen[Number(indices[row]!)] ?? null
}
