// What Parquet stores of types that it has in another layout, plainly: bytes from the greatest to the least.
import { binary, type DataType } from '../../../src/batch/data-type.ts'
import { parseDecimal } from '../../../src/batch/decimal-text.ts'
import type { Interval, Value } from '../../../src/batch/read-values.ts'
import { fromStored, toStored } from '../../../src/compute/parquet-convert.ts'
import { columnOf, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const decimal: DataType = { kind: 'decimal', precision: 38, scale: 4 }
const interval: DataType = { kind: 'interval' }
const nanos: DataType = { kind: 'timestamp', unit: 'ns' }
const dayNanos = 86_400_000_000_000n

/** The bytes of a whole number from the greatest to the least, as few as hold it or `size`. */
function bigEndian(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Number(BigInt.asUintN(8, value >> BigInt(8 * (size - 1 - i)))))
}

function shortest(value: bigint): Uint8Array {
  let size = 1
  while (BigInt.asIntN(8 * size, value) !== value) size++
  return bigEndian(value, size)
}

export const parquetConvertAgreement = agreement({
  stem: 'parquet-convert',
  kernels: ['viewsToI128', 'swapI128', 'viewsToIntervals', 'viewsToTimes'],
  sample: (random, length, shape) => ({
    decimals: sampleValues(random, decimal, length, shape),
    // Stored intervals are without a sign and in whole milliseconds.
    intervals: sampleValues(random, interval, length, shape).map(v => v && { ...(v as Interval), months: Math.abs((v as Interval).months) % 2 ** 31, days: Math.abs((v as Interval).days) % 2 ** 31, nanoseconds: BigInt(random.uint32()) * 1_000_000n }),
    times: sampleValues(random, nanos, length, shape),
  }),
  reference: ({ decimals, intervals, times }) => ({
    stored: decimals.map(v => (v === null ? null : bigEndian(parseDecimal(v as string, 4)!, 16))),
    decimals,
    short: decimals,
    intervals: intervals as Value[],
    times,
    micros: times.map(v => (v === null ? null : floor(v as bigint, 1000n))),
    millis: times.map(v => (v === null ? null : Number(floor(v as bigint, 1_000_000n)))),
  }),
  compute(device, arena, { decimals, intervals, times }) {
    const read = (stored: readonly (Uint8Array | null)[], type: DataType) => {
      const found = fromStored(device, arena, columnOf(device, arena, binary, stored), type)
      return 'beyond' in found ? [] : valuesOf(device, found)
    }
    const stored = toStored(device, arena, columnOf(device, arena, decimal, decimals), binary)
    const back = fromStored(device, arena, stored, decimal)
    return {
      stored: valuesOf(device, stored),
      decimals: 'beyond' in back ? [] : valuesOf(device, back),
      short: read(decimals.map(v => (v === null ? null : shortest(parseDecimal(v as string, 4)!))), decimal),
      intervals: read(intervals.map(v => (v === null ? null : intervalBytes(v as Interval))), interval),
      times: read(times.map(v => (v === null ? null : timeBytes(v as bigint))), nanos),
      micros: read(times.map(v => (v === null ? null : timeBytes(v as bigint))), { kind: 'timestamp', unit: 'us' }),
      millis: read(times.map(v => (v === null ? null : timeBytes(v as bigint))), { kind: 'timestamp', unit: 'ms' }),
    }
  },
})

function intervalBytes({ months, days, nanoseconds }: Interval): Uint8Array {
  return new Uint8Array(Uint32Array.of(months, days, Number(nanoseconds / 1_000_000n)).buffer)
}

function floor(value: bigint, by: bigint): bigint {
  return (value - (((value % by) + by) % by)) / by
}

function timeBytes(value: bigint): Uint8Array {
  const rest = ((value % dayNanos) + dayNanos) % dayNanos
  return new Uint8Array(BigUint64Array.of(rest, (value - rest) / dayNanos + 2_440_588n).buffer).slice(0, 12)
}
