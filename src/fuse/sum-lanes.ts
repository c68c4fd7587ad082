// Sums without keys: kept in vectors over the rows of one call, and added to the state at its end.
import type { Local } from '../device/wasm-code.ts'
import type { Emitter } from './emitter.ts'
import { type Sum, sumBytes } from './program.ts'
import { int32Range, int64Range, type Parts, sizeOf, type Value } from './value.ts'

/** The most rows of a call, so that sums of narrow numbers can't overflow on the way. */
export const callRows = 65_536
/** Rows of a block after which sums of floats are added to the total with what rounding loses: at most 16 additions lie between. */
export const blockRows = 128
/** The rows that one lane of a 64-bit vector sees in a call. */
const laneRows = BigInt(callRows / 8)
const lowWord: bigint = 0xffff_ffffn

/** How a sum is kept on the way. `add` takes the values of eight rows where `mask` (absent: everywhere) is true. */
export interface LaneSum {
  add(value: Value | undefined, mask: Parts | undefined): void
  /** Ends a block; for floats. */
  fold?(): void
  /** Adds to the state at `address`. */
  store(address: Local): void
}

/** The lanes of a sum; `value` is an example of what it will get. */
export function laneSum(emitter: Emitter, sum: Sum, at: number, value: Value | undefined): LaneSum | undefined {
  const offset = at * sumBytes
  if (sum.kind === 'count') return countLanes(emitter, offset)
  if (!value) return undefined
  if (sum.kind === 'float') return value.lane === 'f64' ? floatLanes(emitter, offset) : undefined
  if (sum.kind !== 'whole' && value.lane === 'f64') return extremeLanes(emitter, offset, sum.kind, 'i64')
  if (!value.range || (value.lane !== 'i32' && value.lane !== 'i64')) return undefined
  if (sum.kind !== 'whole') return extremeLanes(emitter, offset, sum.kind, value.lane)
  const size = sizeOf(value.range)
  if (value.lane === 'i32' && size * laneRows < 2n ** 31n) return wordLanes(emitter, offset)
  return size * laneRows < 2n ** 63n ? wholeLanes(emitter, offset) : halfLanes(emitter, offset)
}

function zeros(emitter: Emitter, count: number): Local[] {
  return Array.from({ length: count }, () => emitter.fn.local('v128'))
}

// local = local op part, for each part.
function fold(emitter: Emitter, op: Parameters<Emitter['binary']>[0], locals: readonly Local[], parts: Parts): void {
  const { body } = emitter.fn
  locals.forEach((local, i) => body.get(local).get(parts[i]!).do(op).set(local))
}

function masked(emitter: Emitter, parts: Parts, mask: Parts | undefined): Parts {
  return mask ? emitter.binary('v128.and', parts, emitter.asMask(mask, parts.length)) : parts
}

function countLanes(emitter: Emitter, offset: number): LaneSum {
  const locals = zeros(emitter, 2)
  return {
    add: (_, mask) => fold(emitter, 'i32x4.sub', locals, mask ? emitter.asMask(mask, 2) : emitter.mask(true)),
    store(address) {
      const { body } = emitter.fn
      body.get(address).get(address).at('i64.load', offset)
      sumWords(emitter, locals)
      body.do('i64.add').at('i64.store', offset)
    },
  }
}

// Leaves the sum of all 32-bit lanes as an i64.
function sumWords(emitter: Emitter, [a, b]: readonly Local[]): void {
  const { body } = emitter.fn
  body.i64(0n)
  for (const local of [a!, b!]) for (let lane = 0; lane < 4; lane++) body.get(local).lane('i32x4.extract_lane', lane).do('i64.extend_i32_s').do('i64.add')
}

// Leaves the sum of all 64-bit lanes.
function sumLanes(emitter: Emitter, locals: readonly Local[]): void {
  const { body } = emitter.fn
  const total = emitter.fn.local('v128')
  body.get(locals[0]!)
  for (const local of locals.slice(1)) body.get(local).do('i64x2.add')
  body.tee(total).lane('i64x2.extract_lane', 0).get(total).lane('i64x2.extract_lane', 1).do('i64.add')
}

// state += [low, high], a number of 128 bits.
function add128(emitter: Emitter, address: Local, offset: number, low: Local, high: Local): void {
  const { fn } = emitter
  const sum = fn.local('i64')
  fn.body.get(address).at('i64.load', offset).get(low).do('i64.add').set(sum)
  fn.body.get(address).get(address).at('i64.load', offset + 8).get(high).do('i64.add')
  fn.body.get(sum).get(low).do('i64.lt_u').do('i64.extend_i32_u').do('i64.add').at('i64.store', offset + 8)
  fn.body.get(address).get(sum).at('i64.store', offset)
}

/** state += the i64 on the stack. */
export function addWhole(emitter: Emitter, address: Local, offset: number): void {
  const { fn } = emitter
  const [low, high] = [fn.local('i64'), fn.local('i64')]
  fn.body.tee(low).i64(63n).do('i64.shr_s').set(high)
  add128(emitter, address, offset, low, high)
}

function wordLanes(emitter: Emitter, offset: number): LaneSum {
  const locals = zeros(emitter, 2)
  return {
    add: (value, mask) => fold(emitter, 'i32x4.add', locals, masked(emitter, value!.parts, mask)),
    store(address) {
      sumWords(emitter, locals)
      addWhole(emitter, address, offset)
    },
  }
}

function wholeLanes(emitter: Emitter, offset: number): LaneSum {
  const locals = zeros(emitter, 4)
  return {
    add: (value, mask) => fold(emitter, 'i64x2.add', locals, emitter.wide({ ...value!, parts: masked(emitter, value!.parts, mask) })),
    store(address) {
      sumLanes(emitter, locals)
      addWhole(emitter, address, offset)
    },
  }
}

// Numbers of up to 64 bits as their low and their high halves.
function halfLanes(emitter: Emitter, offset: number): LaneSum {
  const { fn } = emitter
  const [lows, highs] = [zeros(emitter, 4), zeros(emitter, 4)]
  return {
    add(value, mask) {
      const parts = masked(emitter, emitter.wide(value!), mask)
      fold(emitter, 'i64x2.add', lows, emitter.binary('v128.and', parts, emitter.whole('i64', lowWord)))
      fold(emitter, 'i64x2.add', highs, emitter.each(4, i => fn.body.get(parts[i]!).i32(32).do('i64x2.shr_s')))
    },
    store(address) {
      sumLanes(emitter, lows)
      addWhole(emitter, address, offset)
      const [high, low, rest] = [fn.local('i64'), fn.local('i64'), fn.local('i64')]
      sumLanes(emitter, highs)
      fn.body.tee(high).i64(32n).do('i64.shl').set(low).get(high).i64(32n).do('i64.shr_s').set(rest)
      add128(emitter, address, offset, low, rest)
    },
  }
}

/** Values as 64-bit numbers in the order of min and max. */
export function comparable(emitter: Emitter, value: Value): Parts {
  return value.lane === 'f64' ? emitter.orderKeys(value.parts) : emitter.wide(value)
}

function extremeLanes(emitter: Emitter, offset: number, kind: 'least' | 'greatest', lane: 'i32' | 'i64'): LaneSum {
  const { fn } = emitter
  const narrow = lane === 'i32'
  const range = narrow ? int32Range : int64Range
  const fresh = emitter.whole(lane, kind === 'least' ? range.most : range.least)
  const locals = zeros(emitter, fresh.length)
  for (const [i, local] of locals.entries()) fn.prologue.get(fresh[i]!).set(local)
  const better = kind === 'least' ? 'lt_s' : 'gt_s'
  return {
    add(value, mask) {
      const own = narrow ? value!.parts : comparable(emitter, value!)
      const parts = mask ? emitter.select(mask, own, fresh) : own
      if (narrow) return fold(emitter, kind === 'least' ? 'i32x4.min_s' : 'i32x4.max_s', locals, parts)
      const wins = emitter.binary(`i64x2.${better}`, parts, locals)
      locals.forEach((local, i) => fn.body.get(parts[i]!).get(local).get(wins[i]!).do('v128.bitselect').set(local))
    },
    store(address) {
      const found = fn.local('i64')
      for (const local of locals) {
        for (let i = 0; i < (narrow ? 4 : 2); i++) {
          fn.body.get(local).lane(narrow ? 'i32x4.extract_lane' : 'i64x2.extract_lane', i)
          if (narrow) fn.body.do('i64.extend_i32_s')
          fn.body.set(found).get(address).get(found).get(address).at('i64.load', offset)
          fn.body.get(found).get(address).at('i64.load', offset).do(`i64.${better}`).do('select').at('i64.store', offset)
        }
      }
    },
  }
}

// Blocks of up to 16 additions a lane, whose totals are added with what rounding loses.
function floatLanes(emitter: Emitter, offset: number): LaneSum {
  const { fn } = emitter
  const { body } = fn
  const locals = zeros(emitter, 4)
  const [sum, rest, block, after, part] = zeros(emitter, 5) as [Local, Local, Local, Local, Local]
  const zero = emitter.float(0)[0]!
  return {
    add: (value, mask) => fold(emitter, 'f64x2.add', locals, masked(emitter, value!.parts, mask)),
    fold() {
      body.get(locals[0]!).get(locals[1]!).do('f64x2.add').get(locals[2]!).get(locals[3]!).do('f64x2.add').do('f64x2.add').set(block)
      body.get(sum).get(block).do('f64x2.add').tee(after).get(sum).do('f64x2.sub').set(part)
      // rest += (sum - (after - part)) + (block - part)
      body.get(rest).get(sum).get(after).get(part).do('f64x2.sub').do('f64x2.sub').get(block).get(part).do('f64x2.sub').do('f64x2.add').do('f64x2.add').set(rest)
      body.get(after).set(sum)
      for (const local of locals) body.get(zero).set(local)
    },
    store(address) {
      const [value, lost] = [fn.local('f64'), fn.local('f64')]
      for (let lane = 0; lane < 2; lane++) {
        body.get(sum).lane('f64x2.extract_lane', lane).set(value).get(rest).lane('f64x2.extract_lane', lane).set(lost)
        addFloat(emitter, address, offset, value, lost)
      }
    },
  }
}

/** state += a sum of floats and what rounding lost of it: Knuth's two-sum. */
export function addFloat(emitter: Emitter, address: Local, offset: number, sum: Local, rest: Local): void {
  const { fn } = emitter
  const [before, after, part] = [fn.local('f64'), fn.local('f64'), fn.local('f64')]
  fn.body.get(address).at('f64.load', offset).tee(before).get(sum).do('f64.add').tee(after).get(before).do('f64.sub').set(part)
  fn.body.get(address).get(after).at('f64.store', offset)
  fn.body.get(address).get(address).at('f64.load', offset + 8).get(rest).do('f64.add')
  fn.body.get(before).get(after).get(part).do('f64.sub').do('f64.sub').get(sum).get(part).do('f64.sub').do('f64.add').do('f64.add').at('f64.store', offset + 8)
}
