// A fused pipeline by keys that number their values densely (codes of texts, bools, small integers): the numbers make the address of an entry, and each row is
// added there. Rows that don't pass go to an entry of their own, so that nothing branches.
import type { Device } from '../device/device.ts'
import type { Local } from '../device/wasm-code.ts'
import type { ColumnForm, ColumnLoads } from './columns.ts'
import type { Emitter } from './emitter.ts'
import { beginLoop, emitLoop, type Encoded } from './iteration.ts'
import { freshExtremes, type FusedProgram, type Sum, sumBytes, type SumPlan } from './program.ts'
import { addFloat, addWhole, comparable } from './sum-lanes.ts'
import { type Parts, sizeOf, type Value } from './value.ts'

/** Entries of one bank at most, and bytes of it at most where there are more than `slotsFew`: it should stay in the second cache. */
const slotsMax = 16_384
const slotsFew = 4_096
const bankBytesMax = 1 << 19
const smallKeyMax = 1024n
/** Folding pays where so many rows come to an entry before. */
const foldRows = 16

/** Bytes of an entry of the table: a 64-bit number for each count and whole sum, and for two floats their sums and what rounding lost. */
export function entryBytes(sums: readonly Sum[]): number {
  const { extremes, extremesAt } = placed(sums)
  return extremesAt + 16 * Math.ceil(extremes.length / 2)
}

/** Makes the entries of a table fresh. */
export function clearTable(device: Device, sums: readonly Sum[], address: number, entries: number): void {
  const bytes = entryBytes(sums)
  device.memory.zero(address, entries * bytes)
  const { extremes, extremesAt } = placed(sums)
  if (extremes.length === 0) return
  const words = device.memory.int64s(address, (entries * bytes) / 8)
  for (let entry = 0; entry < entries; entry++) for (const [i, at] of extremes.entries()) words[(entry * bytes + extremesAt) / 8 + i] = freshExtremes[sums[at]!.kind as 'least']
}

/** True where a table of so many slots is worth it. */
export function fitsTable(sums: readonly Sum[], slots: number): boolean {
  return slots <= slotsFew || (slots <= slotsMax && slots * entryBytes(sums) <= bankBytesMax)
}

/** Copies of the table, so that rows of one group that follow each other don't wait for each other's stores. */
export function bankCount(capacity: number): number {
  return capacity <= 64 ? 4 : capacity <= 1024 ? 2 : 1
}

/** How many numbers a key has, with the one for null; undefined where its form has none. `entries`: those of its dictionary. */
export function keySize(form: ColumnForm | undefined, entries: number): number | undefined {
  const numbers = form?.codes ? entries : form?.bits === 1 ? 2 : form?.range && form.range.most - form.range.least < smallKeyMax ? Number(form.range.most - form.range.least) + 1 : undefined
  return numbers !== undefined && form!.valid ? numbers + 1 : numbers
}

interface Places {
  readonly wholes: readonly number[]
  readonly floats: readonly number[]
  readonly extremes: readonly number[]
  readonly floatsAt: number
  readonly extremesAt: number
}

// The numbers of the sums of each kind, in the order of an entry's words.
function placed(sums: readonly Sum[]): Places {
  const of = (kinds: readonly Sum['kind'][]) => [...sums.keys()].filter(i => kinds.includes(sums[i]!.kind))
  const [wholes, floats, extremes] = [of(['count', 'whole']), of(['float']), of(['least', 'greatest'])]
  const floatsAt = 16 * Math.ceil(wholes.length / 2)
  return { wholes, floats, extremes, floatsAt, extremesAt: floatsAt + 32 * Math.ceil(floats.length / 2) }
}

/** `rowsMax`: rows after which the table must be folded into the state. */
export interface EncodedGroups extends Encoded {
  readonly rowsMax: number
}

/**
 * The function that adds rows to the table, `bankCount(capacity)` banks of `capacity` entries, and folds it into the states of all groups where told to. Each
 * slot's number is the sum of its keys' numbers times their strides. It gives 0. Undefined where columns of these forms can't be compiled.
 */
export function encodeGrouped(program: FusedProgram, { sums }: SumPlan, forms: readonly (ColumnForm | undefined)[], capacity: number): EncodedGroups | undefined {
  const loop = beginLoop(program, forms)
  const { emitter, state } = loop
  const [table, slots, folds] = [emitter.fn.local('i32'), emitter.fn.local('i32'), emitter.fn.local('i32')]
  for (const [i, local] of [table, slots, folds].entries()) emitter.fn.prologue.get(0).at('i32.load', 8 + 4 * i).set(local)
  const trash = emitter.fn.local('v128')
  emitter.fn.prologue.get(slots).do('i32x4.splat').set(trash)
  const bank = capacity * entryBytes(sums)
  let most = 1n
  const step = (loads: ColumnLoads, mask: Parts | undefined, values: readonly (Value | undefined)[]) => {
    const numbers = slotNumbers(emitter, program, loads, forms)
    if (!numbers) return false
    for (const [i, value] of values.entries()) if (sums[i]!.kind === 'whole' && sizeOf(value!.range!) > most) most = sizeOf(value!.range!)
    const passing = mask ? emitter.select(mask, numbers, [trash, trash]) : numbers
    addRows(emitter, sums, addresses(emitter, table, passing, entryBytes(sums)), values, bank, bankCount(capacity))
    return true
  }
  if (!emitLoop(loop, program, forms, sums, step) || emitter.trouble !== undefined) return undefined
  const rowsMax = Number((2n ** 63n - 1n) / most)
  if (rowsMax < Math.max(64, foldRows * capacity)) return undefined
  emitter.fn.body.block(() => {
    emitter.fn.body.get(folds).do('i32.eqz').branchIf(0)
    foldTable(emitter, sums, { table, slots, state }, bank, bankCount(capacity))
  })
  emitter.fn.body.i32(0)
  return { module: emitter.fn.module(), slots: loop.loads.slots, rowsMax: Math.min(rowsMax, 2 ** 40) }
}

// The sum of each key's number times its stride.
function slotNumbers(emitter: Emitter, { keys }: FusedProgram, loads: ColumnLoads, forms: readonly (ColumnForm | undefined)[]): Parts | undefined {
  let total: Parts | undefined
  for (const [i, key] of keys.entries()) {
    const form = forms[key]
    const value = form && (form.codes ? loads.loadCodes(key) : loads.load(key))
    if (!value) return undefined
    const number = keyNumbers(emitter, value, form, loads, i)
    if (!number) return undefined
    total = total ? emitter.binary('i32x4.add', total, number) : number
  }
  return total
}

function keyNumbers(emitter: Emitter, value: Value, form: ColumnForm, loads: ColumnLoads, key: number): Parts | undefined {
  if (value.lane !== 'i32' && value.lane !== 'mask') return undefined
  const base = form.codes ? value.parts : value.lane === 'mask' ? emitter.unary('i32x4.neg', emitter.asMask(value.parts, 2)) : emitter.binary('i32x4.sub', value.parts, emitter.whole('i32', form.range!.least))
  const times = emitter.binary('i32x4.mul', base, loads.stride(key))
  return value.valid ? emitter.select(value.valid, times, loads.nullSlot(key)) : times
}

// The address of each of the eight rows' entries.
function addresses(emitter: Emitter, table: Local, numbers: Parts, bytes: number): Local[] {
  const { fn } = emitter
  const scaled = emitter.binary('i32x4.mul', numbers, emitter.whole('i32', BigInt(bytes)))
  return Array.from({ length: 8 }, (_, row) => {
    const local = fn.local('i32')
    fn.body.get(scaled[row >> 2]!).lane('i32x4.extract_lane', row & 3).get(table).do('i32.add').set(local)
    return local
  })
}

function addRows(emitter: Emitter, sums: readonly Sum[], entries: readonly Local[], values: readonly (Value | undefined)[], bank: number, banks: number): void {
  const { wholes, floats, extremes, floatsAt, extremesAt } = placed(sums)
  const parts = sums.map((sum, i) => partsOf(emitter, sum, values[i]))
  const zero = { whole: emitter.whole('i64', 0n), float: emitter.float(0) }
  for (let row = 0; row < 8; row++) {
    const entry = entries[row]!
    const base = (row % banks) * bank
    for (let i = 0; i < wholes.length; i += 2) addPair(emitter, entry, base + 8 * i, row, parts[wholes[i]!]!, i + 1 < wholes.length ? parts[wholes[i + 1]!]! : zero.whole)
    for (let i = 0; i < floats.length; i += 2) addFloatPair(emitter, entry, base + floatsAt + 16 * i, row, parts[floats[i]!]!, i + 1 < floats.length ? parts[floats[i + 1]!]! : zero.float)
    extremes.forEach((at, i) => {
      emitter.fn.body.get(parts[at]![row >> 1]!).lane('i64x2.extract_lane', row % 2)
      keepBetter(emitter, sums[at]!.kind, entry, base + extremesAt + 8 * i)
    })
  }
}

// The better of the word on the stack and the one at an address is stored there.
function keepBetter(emitter: Emitter, kind: Sum['kind'], address: Local, offset: number): void {
  const { fn } = emitter
  const [found, known] = [fn.local('i64'), fn.local('i64')]
  fn.body.set(found).get(address).at('i64.load', offset).set(known)
  fn.body.get(address).get(found).get(known).get(found).get(known).do(kind === 'least' ? 'i64.lt_s' : 'i64.gt_s').do('select').at('i64.store', offset)
}

// What a sum takes of each row, in four parts: 1 or 0 for counts; of nulls what changes nothing.
function partsOf(emitter: Emitter, sum: Sum, value: Value | undefined): Parts {
  const valid = value?.valid && emitter.asMask(value.valid, 4)
  if (sum.kind === 'least' || sum.kind === 'greatest') {
    const keys = comparable(emitter, value!)
    return valid ? emitter.select(valid, keys, emitter.whole('i64', freshExtremes[sum.kind])) : keys
  }
  const parts = sum.kind === 'count' ? emitter.whole('i64', 1n) : sum.kind === 'float' ? value!.parts : emitter.wide(value!)
  return valid ? emitter.binary('v128.and', parts, valid) : parts
}

// Leaves the numbers of a row of two sums as one vector.
function pairOf(emitter: Emitter, row: number, a: Parts, b: Parts): void {
  emitter.fn.body.get(a[row >> 1]!).get(b[row >> 1]!).shuffle(row % 2 === 0 ? [0, 1, 4, 5] : [2, 3, 6, 7])
}

function addPair(emitter: Emitter, entry: Local, offset: number, row: number, a: Parts, b: Parts): void {
  const { body } = emitter.fn
  body.get(entry).get(entry).at('v128.load', offset)
  pairOf(emitter, row, a, b)
  body.do('i64x2.add').at('v128.store', offset)
}

// Knuth's two-sum.
function addFloatPair(emitter: Emitter, entry: Local, offset: number, row: number, a: Parts, b: Parts): void {
  const { fn } = emitter
  const { body } = fn
  const [x, before, after, part] = [fn.local('v128'), fn.local('v128'), fn.local('v128'), fn.local('v128')]
  pairOf(emitter, row, a, b)
  body.set(x).get(entry).at('v128.load', offset).tee(before).get(x).do('f64x2.add').tee(after).get(before).do('f64x2.sub').set(part)
  body.get(entry).get(after).at('v128.store', offset)
  body.get(entry).get(entry).at('v128.load', offset + 16)
  body.get(before).get(after).get(part).do('f64x2.sub').do('f64x2.sub').get(x).get(part).do('f64x2.sub').do('f64x2.add').do('f64x2.add').at('v128.store', offset + 16)
}

// Adds all entries to the states and clears them.
function foldTable(emitter: Emitter, sums: readonly Sum[], { table, slots, state }: { table: Local; slots: Local; state: Local }, bank: number, banks: number): void {
  const { fn } = emitter
  const { body } = fn
  const { wholes, floats, extremes, floatsAt, extremesAt } = placed(sums)
  const [sum, rest] = [fn.local('f64'), fn.local('f64')]
  body.block(() => {
    body.get(slots).do('i32.eqz').branchIf(0)
    body.loop(() => {
      for (let b = 0; b < banks; b++) {
        wholes.forEach((at, i) => {
          body.get(table).at('i64.load', b * bank + 8 * i)
          addWhole(emitter, state, at * sumBytes)
          body.get(table).i64(0n).at('i64.store', b * bank + 8 * i)
        })
        floats.forEach((at, i) => {
          const offset = b * bank + floatsAt + 32 * (i >> 1) + 8 * (i % 2)
          body.get(table).at('f64.load', offset).set(sum).get(table).at('f64.load', offset + 16).set(rest)
          addFloat(emitter, state, at * sumBytes, sum, rest)
          body.get(table).f64(0).at('f64.store', offset).get(table).f64(0).at('f64.store', offset + 16)
        })
        extremes.forEach((at, i) => {
          const { kind } = sums[at]!
          const offset = b * bank + extremesAt + 8 * i
          body.get(table).at('i64.load', offset)
          keepBetter(emitter, kind, state, at * sumBytes)
          body.get(table).i64(freshExtremes[kind as 'least']).at('i64.store', offset)
        })
      }
      body.get(table).i32(entryBytes(sums)).do('i32.add').set(table)
      body.get(state).i32(sumBytes * sums.length).do('i32.add').set(state)
      body.get(slots).i32(1).do('i32.sub').tee(slots).branchIf(0)
    })
  })
}
