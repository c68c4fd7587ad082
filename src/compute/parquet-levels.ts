// Parquet's repetition and definition levels over the shared memory: from cursors to a byte a level, and from those to offsets and validity. A result that is
// negative says that the levels are broken. Arrays of levels are padded as arena chunks are.
import type { Device } from '../device/device.ts'

/** Levels of `count` entries, a byte each. Where nothing repeats, `repetitions` is 0: as if all of them were 0. Where nothing can be null either, `definitions` is 0. */
export interface Levels {
  readonly repetitions: number
  readonly definitions: number
  readonly count: number
}

/** Which entries begin a slot of a node: those that repeat at most at `repetition` and are defined at least to `least`. */
export interface Slots {
  readonly repetition: number
  readonly least: number
}

/** The greatest level there may be. */
export const levelMax = 127

/** The next `count` levels of a hybrid cursor. Returns `count`, −1 where the data ends early, −2 where a level is above `most`. Cost: up to 10 GB/s. */
export function decodeLevels(device: Device, cursor: number, count: number, most: number, out: number): number {
  return device.kernels.decodeLevels(cursor, count, most, out)
}

/** BIT_PACKED levels as hybrid data has its packed runs. Reads up to 7 bytes more than they take, and writes up to 8 more. */
export function turnLevels(device: Device, source: number, count: number, width: number, out: number): void {
  device.kernels.turnLevels(source, count, width, out)
}

/** How many entries come before the row numbered `rows` begins, counted from the first that begins here; or −1 − the rows that do begin, where there are not so many. */
export function findRow(device: Device, repetitions: number, count: number, rows: number): number {
  return device.kernels.findRow(repetitions, count, rows)
}

/** The first entry that can't follow the one before, or −1: see the kernel. `table` is padded to 16 bytes. Reads the byte before `definitions`. */
export function checkLevels(device: Device, { repetitions, definitions, count }: Levels, table: number, deepest: number): number {
  return device.kernels.checkLevels(repetitions, definitions, count, table, deepest)
}

/** How many slots begin. */
export function countSlots(device: Device, levels: Levels, { repetition, least }: Slots): number {
  if (least === 0 && levels.repetitions === 0) return levels.count
  const { repetitions, most } = read(levels, repetition)
  return device.kernels.countSlots(repetitions, levels.definitions, levels.count, most, least)
}

/** A validity bit for each slot at bit `bit` of `bits`: whether it is defined to `valid`. Overwrites up to 9 bytes behind them. Returns the slots. Cost: about .3 ns an entry. */
export function levelsToBits(device: Device, levels: Levels, { repetition, least }: Slots, valid: number, bits: number, bit: number): number {
  const { repetitions, most } = read(levels, repetition)
  return device.kernels.levelsToBits(repetitions, levels.definitions, levels.count, most, least, valid, bits, bit)
}

/** The offsets of lists that begin with `slots`, whose items repeat at one level more and are defined to `item`; one more than lists. Returns the number of items. */
export function levelsToOffsets(device: Device, { repetitions, definitions, count }: Levels, { repetition, least }: Slots, item: number, out: number): number {
  return device.kernels.levelsToOffsets(repetitions, definitions, count, repetition + 1, least, item, out)
}

/** Whether `count` bytes are the same at both addresses. */
export function hasSameBytes(device: Device, left: number, right: number, count: number): boolean {
  return device.kernels.equalBytesAt(left, right, count) === 1
}

// Without repetitions any bytes will do that all pass.
function read({ repetitions, definitions }: Levels, repetition: number): { repetitions: number; most: number } {
  return repetitions === 0 ? { repetitions: definitions, most: 255 } : { repetitions, most: repetition }
}
