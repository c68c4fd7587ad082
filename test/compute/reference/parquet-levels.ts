// Repetition and definition levels, plainly: entry by entry.
import type { Random } from '../../../src/base/random.ts'
import { cursorBytes, openHybrid } from '../../../src/compute/parquet.ts'
import { checkLevels, countSlots, decodeLevels, findRow, hasSameBytes, type Levels, levelsToBits, levelsToOffsets, turnLevels } from '../../../src/compute/parquet-levels.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { bitsAt, type Shape } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { bytesIn, encodeRuns } from './parquet-decode.ts'

/** Numbers of `width` bits from the top of each byte, as the deprecated BIT_PACKED encoding has them. */
export function packFromTop(numbers: readonly number[], width: number): number[] {
  const bits = numbers.flatMap(n => Array.from({ length: width }, (_, k) => (n >> (width - 1 - k)) & 1))
  return Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) => bits.slice(8 * i, 8 * i + 8).reduce((sum, bit, k) => sum | (bit << (7 - k)), 0))
}

export const decodeLevelsAgreement = agreement({
  stem: 'parquet-levels',
  kernels: ['decodeLevels', 'turnLevels'],
  sample(random, length, shape) {
    const width = 1 + random.int(7)
    const levels = Array.from({ length }, () => (shape === 'few' ? random.int(2) : random.uint32()) % 2 ** width)
    const plan = Array.from({ length: length + 1 }, () => (random.int(2) === 0 ? -(1 + random.int(shape === 'extreme' ? 200 : 9)) : 8 * (1 + random.int(shape === 'full' ? 40 : 3))))
    const bytes = encodeRuns(levels, width, plan)
    return { width, levels, bytes, most: random.int(2 ** width), cuts: Array.from({ length: 4 }, () => random.int(length + 1)).sort((a, b) => a - b) }
  },
  reference: ({ levels, most }) => ({ levels, turned: levels, found: levels.some(level => level > most) ? -2 : levels.length, cut: levels.length > 0 ? -1 : 0 }),
  compute(device, arena, { width, levels, bytes, most, cuts }) {
    const count = levels.length
    const cursor = arena.allocate(cursorBytes)
    const source = bytesIn(device, arena, bytes)
    const out = arena.allocate(count)
    const open = () => openHybrid(device, cursor, source, source + bytes.length, width)
    open()
    for (const [i, end] of [...cuts, count].entries()) decodeLevels(device, cursor, end - (cuts[i - 1] ?? 0), 127, out + (cuts[i - 1] ?? 0))
    const packed = packFromTop(levels, width)
    const turned = arena.allocate(packed.length + 8)
    turnLevels(device, bytesIn(device, arena, packed), count, width, turned)
    const words = device.memory.words()
    openHybrid(device, cursor, turned, turned + packed.length, width)
    words[cursor / 4 + 3] = count
    words[cursor / 4 + 4] = 1
    const again = arena.allocate(count)
    decodeLevels(device, cursor, count, 127, again)
    open()
    const found = decodeLevels(device, cursor, count, most, arena.allocate(count))
    openHybrid(device, cursor, source, source, width)
    const cut = decodeLevels(device, cursor, count, 127, arena.allocate(count))
    return { levels: bytesAt(device, out, count), turned: bytesAt(device, again, count), found, cut }
  },
})

function bytesAt(device: Device, address: number, count: number): number[] {
  return [...device.memory.bytes(address, count)]
}

interface Entries {
  readonly repetitions: number[]
  readonly definitions: number[]
  readonly repetition: number
  readonly least: number
  readonly valid: number
  readonly bit: number
  readonly rows: number
  /** By repetition level: the definition of an item. */
  readonly table: number[]
}

function sampleEntries(random: Random, length: number, shape: Shape): Entries {
  const deepest = shape === 'extreme' ? 1 + random.int(60) : 1 + random.int(3)
  const table = [0]
  for (let level = 1; level <= deepest; level++) table.push(table[level - 1]! + 1 + random.int(2))
  const most = table[deepest]! + random.int(2)
  const full = shape === 'full' || shape === 'nulls'
  const repetitions: number[] = []
  const definitions: number[] = []
  for (let i = 0; i < length; i++) {
    // Full and null ones follow the rules, others need not.
    const before = i === 0 ? 0 : definitions[i - 1]!
    const repetition = shape === 'few' ? Math.max(0, random.int(4) - 2) : random.int(deepest + 1)
    repetitions.push(full && before < table[repetition]! ? 0 : repetition)
    const least = full ? table[repetitions[i]!]! : 0
    definitions.push(shape === 'full' ? most : least + random.int(most + 1 - least))
  }
  const least = table[random.int(deepest + 1)]!
  return { repetitions, definitions, repetition: random.int(deepest), least, valid: Math.min(most, least + random.int(3)), bit: random.int(70), rows: random.int(1 + (length >> 1)), table }
}

const levelsIn = (device: Device, arena: Arena, { repetitions, definitions }: Entries): Levels => ({
  repetitions: bytesIn(device, arena, repetitions),
  definitions: bytesIn(device, arena, [0, ...definitions]) + 1,
  count: definitions.length,
})

export const slotsAgreement = agreement({
  stem: 'parquet-levels',
  kernels: ['findRow', 'checkLevels', 'countSlots', 'levelsToBits', 'levelsToOffsets', 'equalBytesAt'],
  sample: sampleEntries,
  reference({ repetitions, definitions, repetition, least, valid, rows, table }) {
    const entries = repetitions.map((r, i) => ({ r, d: definitions[i]! }))
    const slots = entries.filter(({ r, d }) => r <= repetition && d >= least)
    const starts = entries.flatMap(({ r }, i) => (r === 0 ? [i] : []))
    // A list for each slot, an item for each entry that has one at `valid`.
    const offsets: number[] = []
    let items = 0
    for (const { r, d } of entries) {
      if (r <= repetition && d >= least) offsets.push(items)
      if (r <= repetition + 1 && d >= valid) items++
    }
    return {
      row: starts[rows] ?? -1 - starts.length,
      wrong: entries.findIndex(({ r, d }, i) => Math.min(d, i === 0 ? 0 : definitions[i - 1]!) < table[r]!),
      count: slots.length,
      flat: definitions.filter(d => d >= least).length,
      bits: slots.map(({ d }) => d >= valid),
      before: true,
      offsets: [...offsets, items],
      same: [true, definitions.length === 0],
    }
  },
  compute(device, arena, entries) {
    const { repetition, least, valid, bit, rows, table } = entries
    const levels = levelsIn(device, arena, entries)
    const { count } = levels
    const slots = { repetition, least }
    // Bits are appended: those before stay, whatever lies behind.
    const bits = arena.allocate(bit / 8 + count / 8 + 32)
    device.memory.bytes(bits, bit / 8 + count / 8 + 32).fill(0xff)
    const places = levelsToBits(device, levels, slots, valid, bits, bit)
    const offsets = arena.allocate(4 * (count + 1))
    const items = levelsToOffsets(device, levels, slots, valid, offsets)
    const other = bytesIn(device, arena, entries.definitions.map((d, i) => (i === count - 1 ? d ^ 1 : d)))
    return {
      row: findRow(device, levels.repetitions, count, rows),
      wrong: checkLevels(device, levels, bytesIn(device, arena, [...table, ...Array<number>(16).fill(0)]), table.length - 1),
      count: countSlots(device, levels, slots),
      flat: countSlots(device, { ...levels, repetitions: 0 }, slots),
      bits: bitsAt(device, bits, bit + places).slice(bit),
      before: bitsAt(device, bits, bit).every(Boolean),
      offsets: [...device.memory.int32s(offsets, places), items],
      same: [hasSameBytes(device, levels.definitions, bytesIn(device, arena, entries.definitions), count), hasSameBytes(device, levels.definitions, other, count)],
    }
  },
})
