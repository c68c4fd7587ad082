// Two passes over a block of rows, where what is added up reads columns that the conditions don't. The first reads the conditions' columns one after the other,
// marks the rows that pass, and lists those eights of rows in which one is marked; the second takes the list from its beginning to its end. Neither branches on
// what it finds, so that where few rows pass, the processor fetches what the second needs many at a time.
import type { Local } from '../device/wasm-code.ts'
import { marksAt } from './columns.ts'
import type { Emitter } from './emitter.ts'
import type { Parts } from './value.ts'

/** Rows of a block: their columns stay in the first-level cache from one pass to the other. */
export const markedRows = 1024
const listAt = marksAt + markedRows / 8
/** Room for a block's marks, a bit a row, and behind them for the list, four bytes an eight. */
export const marksBytes = markedRows / 8 + 4 * (markedRows / 8)

/**
 * Emits both passes over `eights` times eight rows: `mark` says which of the eight that its argument numbers pass, `visit` takes them with their mask. A block
 * has `markedRows` rows at most.
 */
export function emitMarked(emitter: Emitter, eights: Local, mark: (at: Local) => Parts | undefined, visit: (at: Local, mask: Parts) => boolean): boolean {
  const { fn } = emitter
  const { body } = fn
  const [at, bits, first, end] = [fn.local('i32'), fn.local('i32'), fn.local('i32'), fn.local('i32')]
  let passing: Parts | undefined
  body.i32(0).set(at)
  body.get(0).tee(first).set(end)
  body.loop(() => {
    passing = mark(at)
    if (!passing) return
    const [marked] = emitter.asMask(passing, 1)
    body.get(0).get(at).do('i32.add').get(marked!).do('i16x8.bitmask').tee(bits).at('i32.store8', marksAt)
    body.get(end).get(at).at('i32.store', listAt)
    body.get(end).get(bits).i32(0).do('i32.ne').i32(2).do('i32.shl').do('i32.add').set(end)
    body.get(at).i32(1).do('i32.add').tee(at).get(eights).do('i32.lt_u').branchIf(0)
  })
  if (!passing) return false
  let done = true
  body.block(() => {
    body.get(first).get(end).do('i32.eq').branchIf(0)
    body.loop(() => {
      body.get(first).at('i32.load', listAt).tee(at).get(0).do('i32.add').at('i32.load8_u', marksAt).set(bits)
      done = visit(at, emitter.bitsAsMask(bits))
      body.get(first).i32(4).do('i32.add').tee(first).get(end).do('i32.ne').branchIf(0)
    })
  })
  return done
}
