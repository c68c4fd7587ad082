// Shredding, plainly (Melnik et al., "Dremel", 2010): row by row, call by call, over columns whose nulls hide items and whose offsets begin anywhere.
import type { Random } from '../../../src/base/random.ts'
import type { Column } from '../../../src/batch/batch.ts'
import { int32 } from '../../../src/batch/data-type.ts'
import { cutEntries, encodeLevels, type Entries, entriesOfRows, levelBytesMax, measureLists, rowCut, shredLists, shredNulls } from '../../../src/compute/parquet-shred.ts'
import { decodeLevels } from '../../../src/compute/parquet-levels.ts'
import { cursorBytes, openHybrid } from '../../../src/compute/parquet.ts'
import type { Arena } from '../../../src/device/arena.ts'
import type { Device } from '../../../src/device/device.ts'
import { bitmapOf, type Shape } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { bytesIn } from './parquet-decode.ts'

/** A step of a type, from the outside in: what its column holds. */
interface Step {
  readonly length: number
  /** Absent where the type allows no nulls; present although none is null, too. */
  readonly valid?: readonly boolean[]
  /** Of lists. */
  readonly offsets?: readonly number[]
  /** Of lists of so many items. */
  readonly size?: number
}

/** A chain of steps to a leaf, the last one, and the rows of it that are asked for. */
interface Chain {
  readonly steps: readonly Step[]
  readonly start: number
  readonly rows: number
  /** Where parts are cut that are shredded by themselves; beyond 1: no cut. */
  readonly cut: number
}

const chains = 24
const itemsMax = 3_000

function sampleChain(random: Random, rows: number, shape: Shape): Chain {
  const start = random.int(80)
  const steps: Step[] = []
  let length = start + rows + random.int(5)
  for (let left = 1 + random.int(5); ; left--) {
    const valid = random.int(2) ? { valid: Array.from({ length }, () => (shape === 'allNull' ? random.int(50) === 0 : shape === 'nulls' ? random.int(4) > 0 : random.int(300) > 0)) } : {}
    if (left === 0) return { steps: [...steps, { length, ...valid }], start, rows, cut: random.int(3) > 0 ? 2 : random.float() }
    const kind = length > itemsMax ? 2 : random.int(4)
    if (kind >= 2) steps.push({ length, ...valid })
    else if (kind === 1) {
      const size = random.int(4)
      steps.push({ length, ...valid, size })
      length = length * size + random.int(3)
    } else {
      const offsets = [random.int(9)]
      for (let row = 0; row < length; row++) offsets.push(offsets[row]! + (shape === 'few' ? random.int(2) : shape === 'extreme' ? (random.int(20) === 0 ? random.int(200) : 1) : shape === 'full' ? 1 + random.int(4) : random.int(4)))
      steps.push({ length, ...valid, offsets })
      length = offsets.at(-1)! + random.int(9)
    }
  }
}

interface Shredded {
  readonly repetitions: readonly number[]
  readonly definitions: readonly number[]
  /** Of the leaf's values. */
  readonly places: readonly number[]
}

/** The levels of a chain's leaf, and which of its rows are values. */
function shredPlainly({ steps, start, rows }: Chain): Shredded {
  const [repetitions, definitions, places]: [number[], number[], number[]] = [[], [], []]
  const put = (repetition: number, definition: number) => {
    repetitions.push(repetition)
    definitions.push(definition)
  }
  const walk = (at: number, row: number, repetition: number, definition: number, lists: number): void => {
    const { valid, offsets, size } = steps[at]!
    if (valid && !valid[row]) return put(repetition, definition)
    const level = definition + (valid ? 1 : 0)
    if (at === steps.length - 1) {
      places.push(row)
      return put(repetition, level)
    }
    if (!offsets && size === undefined) return walk(at + 1, row, repetition, level, lists)
    const [from, to] = offsets ? [offsets[row]!, offsets[row + 1]!] : [row * size!, (row + 1) * size!]
    if (from === to) return put(repetition, level)
    for (let item = from; item < to; item++) walk(at + 1, item, item === from ? repetition : lists + 1, level + 1, lists + 1)
  }
  for (let row = start; row < start + rows; row++) walk(0, row, 0, 0, 0)
  return { repetitions, definitions, places }
}

/** The same by the kernels. */
function shredByKernels(device: Device, arena: Arena, { steps, start, rows, cut }: Chain): Shredded {
  const parts: Shredded[] = []
  const columns = steps.map(step => columnOfStep(device, arena, step))
  const walk = (at: number, entries: Entries, definition: number, lists: number): void => {
    const most = Math.floor(cut * entries.count)
    const piece = cut < 1 && most > 0 ? rowCut(device, entries.repetitions, entries.count, most) : entries.count
    if (piece < entries.count) {
      const [first, rest] = cutEntries(device, entries, piece)
      step(at, first, definition, lists)
      return step(at, rest, definition, lists)
    }
    step(at, entries, definition, lists)
  }
  const step = (at: number, entries: Entries, definition: number, lists: number): void => {
    const column = columns[at]!
    const { valid, offsets, size } = steps[at]!
    const isLeaf = at === steps.length - 1
    const there = shredNulls(device, arena, entries, column, 0, definition, true)
    const level = definition + (valid ? 1 : 0)
    if (isLeaf) return void parts.push(read(device, arena, there, level, lists))
    if (!offsets && size === undefined) return walk(at + 1, there, level, lists)
    walk(at + 1, shredLists(device, arena, there, column, measureLists(device, arena, there, column), level, lists + 1), level + 1, lists + 1)
  }
  walk(0, entriesOfRows(start, rows), 0, 0)
  return { repetitions: parts.flatMap(p => p.repetitions), definitions: parts.flatMap(p => p.definitions), places: parts.flatMap(p => p.places) }
}

// A leaf's entries, their levels through Parquet's encoding.
function read(device: Device, arena: Arena, entries: Entries, definition: number, repetition: number): Shredded {
  const { count, alive, rows, base } = entries
  const levels = (address: number, otherwise: number, most: number): number[] => {
    const source = address === 0 ? bytesIn(device, arena, Array<number>(count).fill(otherwise)) : address
    if (most === 0) return [...device.memory.bytes(source, count)].map(level => Math.min(level, most))
    const out = arena.allocate(levelBytesMax(count, most))
    const bytes = encodeLevels(device, source, count, most, out)
    if (bytes > levelBytesMax(count, most)) throw new Error(`${bytes} bytes of levels`)
    const [cursor, back] = [arena.allocate(cursorBytes), arena.allocate(count)]
    openHybrid(device, cursor, out, out + bytes, 32 - Math.clz32(most))
    decodeLevels(device, cursor, count, most, back)
    return [...device.memory.bytes(back, count)]
  }
  return {
    repetitions: levels(entries.repetitions, 0, repetition),
    definitions: levels(entries.definitions, 255, definition),
    places: rows === 0 ? Array.from({ length: alive }, (_, i) => base + i) : [...device.memory.uint32s(rows, alive)],
  }
}

function columnOfStep(device: Device, arena: Arena, { length, valid, offsets, size }: Step): Column {
  const validity = valid ? bitmapOf(device, arena, valid) : 0
  const item = { type: int32, nullable: false }
  if (offsets) return { type: { kind: 'list', item }, length, validity, values: bytesIn(device, arena, new Uint8Array(Int32Array.from(offsets).buffer)) }
  return { type: size === undefined ? int32 : { kind: 'fixedList', item, size }, length, validity, values: 0 }
}

export const shredAgreement = agreement({
  stem: 'parquet-shred',
  kernels: ['measureLists', 'shredLists', 'shredNulls', 'countAlive', 'cutAtRow', 'encodeLevels'],
  // Two dozen chains a sample: more than a thousand in all.
  sample: (random, length, shape) => Array.from({ length: chains }, (_, i) => sampleChain(random.fork(i), length, shape)),
  reference: samples => samples.map(shredPlainly),
  compute: (device, arena, samples) => samples.map(chain => shredByKernels(device, arena, chain)),
})

/** Bits of a leaf whose rows nobody lists, from any bit on. */
export const spreadAgreement = agreement({
  stem: 'parquet-shred',
  kernels: ['shredNulls', 'encodeLevels'],
  sample: (random, length, shape) => ({
    lead: random.int(70),
    level: random.int(250),
    present: Array.from({ length }, () => shape === 'full' || (shape !== 'allNull' && random.int(shape === 'few' ? 40 : 3) > 0)),
  }),
  reference: ({ present, level }) => ({ alive: present.filter(Boolean).length, levels: present.map(p => (p ? level + 1 : level)) }),
  compute(device, arena, { lead, level, present }) {
    const validity = bitmapOf(device, arena, [...Array<boolean>(lead).fill(true), ...present])
    const entries = shredNulls(device, arena, entriesOfRows(lead, present.length), { validity }, 0, level, false)
    return { alive: entries.alive, levels: read(device, arena, { ...entries, rows: 0 }, level + 1, 0).definitions as number[] }
  },
})
