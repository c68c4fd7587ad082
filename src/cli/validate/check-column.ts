// What decoding doesn't look at: whether texts are UTF-8, and whether statistics are true of the values.
import { isUtf8 } from 'node:buffer'
import type { Column } from '../../batch/batch.ts'
import { bitmapBytes } from '../../batch/data-type.ts'
import { viewBytes } from '../../batch/read-values.ts'
import type { Stored } from '../../batch/stored-value.ts'
import { andBits, countBits } from '../../compute/bitmap.ts'
import { compare } from '../../compute/compare.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'

const hasBit = (device: Device, bits: number, row: number) => bits === 0 || (device.memory.bytes(bits + (row >> 3), 1)[0]! & (1 << (row & 7))) !== 0

/** The first row whose text, at any depth, is not UTF-8; undefined where there is none. Rows are those of the texts: items of a list, not lists. Cost: some 100 ns a text, or one per distinct value. */
export function firstNotUtf8(device: Device, column: Column): number | undefined {
  if (column.type.kind === 'utf8') {
    if (column.codes && firstBad(device, column.codes.dictionary) === undefined) return undefined
    return firstBad(device, column)
  }
  for (const child of column.children ?? []) {
    const row = firstNotUtf8(device, child)
    if (row !== undefined) return row
  }
  return undefined
}

function firstBad(device: Device, { values, validity, length }: Column): number | undefined {
  const { memory } = device
  for (let row = 0; row < length; row++) if (!isUtf8(viewBytes(memory, values + 16 * row)) && hasBit(device, validity, row)) return row
  return undefined
}

/** A bitmap of `length` rows with a 1 for those in [start, end). */
export function rowsBetween(device: Device, arena: Arena, length: number, start: number, end: number): number {
  const bits = arena.allocateZeroed(bitmapBytes(length))
  const bytes = device.memory.bytes(bits, bitmapBytes(length))
  for (let row = start; row < end; row++) {
    if ((row & 7) === 0 && row + 8 <= end) {
      bytes[row >> 3] = 0xff
      row += 7
    } else bytes[row >> 3]! |= 1 << (row & 7)
  }
  return bits
}

/** The first row whose value is below `bound` ('lt') or above it ('gt'), of those that are valid in `mask`, too (0: all); undefined where there is none. */
export function firstBeyond(device: Device, arena: Arena, column: Column, op: 'lt' | 'gt', bound: Stored, mask = 0): number | undefined {
  const { type, length, values, validity } = column
  // Texts may have been cut in the middle of a character. What the reader knows of the range is out of the statistics that are in doubt.
  const plain = type.kind === 'utf8' ? ({ kind: 'binary' } as const) : type
  const value = type.kind === 'utf8' && typeof bound === 'string' ? new TextEncoder().encode(bound) : bound
  const beyond = compare(device, arena, op, { type: plain, length, values, validity }, { type: plain, value })
  const bits = andBits(device, arena, andBits(device, arena, beyond.values, beyond.validity, length), mask, length)
  if (countBits(device, bits, length) === 0) return undefined
  for (let row = 0; row < length; row++) if (hasBit(device, bits, row)) return row
  return undefined
}
