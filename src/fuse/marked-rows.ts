// Two passes over a block of rows, where what is added up reads columns that the conditions don't. The first reads the conditions' columns one after the other and
// marks the rows that pass; the second visits only those eights of rows in which one is marked. Where few rows pass, the processor fetches what the
// second needs many at a time: nothing else is between them.
import type { Local } from '../device/wasm-code.ts'
import { marksAt } from './columns.ts'
import type { Emitter } from './emitter.ts'
import type { Parts } from './value.ts'

/** Rows of a block: their columns stay in the first-level cache from one pass to the other. */
export const markedRows = 1024
/** Room for a block's marks; they are read eight bytes at a time, and what is behind the last is cleared before. */
export const marksBytes = markedRows / 8 + 8

/**
 * Emits both passes over `eights` times eight rows: `mark` says which of the eight that its argument numbers pass, `visit` takes them with their mask. A block
 * has `markedRows` rows at most.
 */
export function emitMarked(emitter: Emitter, eights: Local, mark: (at: Local) => Parts | undefined, visit: (at: Local, mask: Parts) => boolean): boolean {
  const { fn } = emitter
  const { body } = fn
  const [at, address] = [fn.local('i32'), fn.local('i32')]
  let passing: Parts | undefined
  body.get(0).get(eights).do('i32.add').i64(0n).at('i64.store', marksAt)
  body.i32(0).set(at)
  body.loop(() => {
    passing = mark(at)
    if (!passing) return
    const [marked] = emitter.asMask(passing, 1)
    body.get(0).get(at).do('i32.add').get(marked!).do('i16x8.bitmask').at('i32.store8', marksAt)
    body.get(at).i32(1).do('i32.add').tee(at).get(eights).do('i32.lt_u').branchIf(0)
  })
  if (!passing) return false
  const [marks, shift, eight, bits, first] = [fn.local('i64'), fn.local('i64'), fn.local('i32'), fn.local('i32'), fn.local('i32')]
  let done = true
  body.i32(0).set(first)
  body.loop(() => {
    body.get(0).get(first).do('i32.add').set(address).get(address).at('i64.load', marksAt).set(marks)
    body.block(() => {
      body.get(marks).do('i64.eqz').branchIf(0)
      body.loop(() => {
        body.get(marks).do('i64.ctz').i64(56n).do('i64.and').set(shift)
        body.get(marks).get(shift).do('i64.shr_u').do('i32.wrap_i64').i32(255).do('i32.and').set(bits)
        body.get(shift).do('i32.wrap_i64').i32(3).do('i32.shr_u').get(first).do('i32.add').set(eight)
        done = visit(eight, emitter.bitsAsMask(bits))
        body.get(marks).i64(255n).get(shift).do('i64.shl').i64(-1n).do('i64.xor').do('i64.and').tee(marks).do('i64.eqz').do('i32.eqz').branchIf(0)
      })
    })
    body.get(first).i32(8).do('i32.add').tee(first).get(eights).do('i32.lt_u').branchIf(0)
  })
  return done
}
