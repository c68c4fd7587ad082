// The loop of a fused pipeline: eight rows an iteration, and one more with a mask for what is left at the end. Eight rows of which none passes are left behind
// before what only sums take is loaded: where hardly any row passes, those columns are hardly read.
import type { Local } from '../device/wasm-code.ts'
import { type ColumnForm, ColumnLoads, type Slot } from './columns.ts'
import { columnsRead } from './columns-read.ts'
import { Emitter } from './emitter.ts'
import { ExpressionCompiler } from './expression.ts'
import { emitMarked, markedRows } from './marked-rows.ts'
import type { FusedProgram, Sum } from './program.ts'
import type { Parts, Value } from './value.ts'

/** A module, and what its function finds behind the address of its arguments. */
export interface Encoded {
  readonly module: Uint8Array<ArrayBuffer>
  readonly slots: readonly Slot[]
}

/** What an iteration does with eight rows: `mask` says which pass (absent: all), `values` what each sum takes. False where it can't. */
export type Step = (loads: ColumnLoads, mask: Parts | undefined, values: readonly (Value | undefined)[]) => boolean

/** A function in the making. */
export interface Loop {
  readonly emitter: Emitter
  readonly rows: Local
  readonly state: Local
  readonly loads: ColumnLoads
}

/** Begins a function over columns of these forms. */
export function beginLoop({ types }: FusedProgram, forms: readonly (ColumnForm | undefined)[]): Loop {
  const emitter = new Emitter()
  const [rows, state] = [emitter.fn.local('i32'), emitter.fn.local('i32')]
  emitter.fn.prologue.get(0).at('i32.load', 0).set(rows).get(0).at('i32.load', 4).set(state)
  return { emitter, rows, state, loads: new ColumnLoads(emitter, types, forms) }
}

/** Emits the loop; `fold` ends a block of `blockRows`. False where an expression can't be compiled. */
export function emitLoop(loop: Loop, program: FusedProgram, forms: readonly (ColumnForm | undefined)[], sums: readonly Sum[], step: Step, blockRows?: number, fold = () => {}): boolean {
  const { emitter, rows, loads } = loop
  const { body } = emitter.fn
  const eights = emitter.fn.local('i32')
  const isMarked = readsMore(program)
  const most = Math.min(blockRows ?? Number.POSITIVE_INFINITY, isMarked ? markedRows : Number.POSITIVE_INFINITY)
  let done = true
  body.block(() => {
    body.get(rows).i32(8).do('i32.lt_u').branchIf(0)
    body.loop(() => {
      body.get(rows).i32(3).do('i32.shr_u').set(eights)
      if (Number.isFinite(most)) body.i32(most / 8).get(eights).get(eights).i32(most / 8).do('i32.gt_u').do('select').set(eights)
      body.get(rows).get(eights).i32(3).do('i32.shl').do('i32.sub').set(rows)
      done = isMarked ? emitMarkedBlock(loop, program, forms, sums, step, eights) : emitBlock(loop, program, sums, step, eights)
      fold()
      body.get(rows).i32(7).do('i32.gt_u').branchIf(0)
    })
  })
  body.block(() => {
    body.get(rows).do('i32.eqz').branchIf(0)
    const count = emitter.fn.local('v128')
    body.get(rows).do('i32x4.splat').set(count)
    const [low, high] = [emitter.words([0, 1, 2, 3]), emitter.words([4, 5, 6, 7])]
    emitter.tail = emitter.binary('i32x4.gt_s', [count, count], [low, high])
    done &&= iterate(emitter, program, new ColumnLoads(emitter, program.types, forms, loads), sums, step)
    fold()
  })
  return done
}

// True where sums or keys read a column that no condition reads, and there is one.
function readsMore({ conditions, ...program }: FusedProgram): boolean {
  if (conditions.length === 0) return false
  const known = new Set(columnsRead({ ...program, conditions, keys: [], aggregates: [] }))
  return columnsRead({ ...program, conditions: [] }).some(column => !known.has(column))
}

// Eight rows after eight.
function emitBlock({ emitter, loads }: Loop, program: FusedProgram, sums: readonly Sum[], step: Step, eights: Local): boolean {
  const { body } = emitter.fn
  let done = true
  body.loop(() => {
    done = iterate(emitter, program, loads, sums, step)
    loads.advance()
    body.get(eights).i32(1).do('i32.sub').tee(eights).branchIf(0)
  })
  return done
}

// What passes first, and then what is added up of it.
function emitMarkedBlock({ emitter, loads }: Loop, program: FusedProgram, forms: readonly (ColumnForm | undefined)[], sums: readonly Sum[], step: Step, eights: Local): boolean {
  const loadsAt = (at: Local) => new ColumnLoads(emitter, program.types, forms, loads, at)
  const mark = (at: Local) => passing(new ExpressionCompiler(emitter, loadsAt(at)), program)
  const visit = (at: Local, mask: Parts) => {
    const own = loadsAt(at)
    return add(new ExpressionCompiler(emitter, own), own, sums, mask, step)
  }
  const done = emitMarked(emitter, eights, mark, visit)
  loads.advance(eights)
  return done
}

function iterate(emitter: Emitter, program: FusedProgram, loads: ColumnLoads, sums: readonly Sum[], step: Step): boolean {
  const compiler = new ExpressionCompiler(emitter, loads)
  if (program.conditions.length === 0) return add(compiler, loads, sums, emitter.tail, step)
  const mask = emitter.both(passing(compiler, program), emitter.tail)
  if (!mask) return false
  let done = true
  emitter.fn.body.block(() => {
    emitter.fn.body.get(mask[0]!)
    for (const part of mask.slice(1)) emitter.fn.body.get(part).do('v128.or')
    emitter.fn.body.do('v128.any_true').do('i32.eqz').branchIf(0)
    done = add(compiler, loads, sums, mask, step)
  })
  return done
}

// Where all conditions are true; undefined where one can't be compiled.
function passing(compiler: ExpressionCompiler, { conditions }: FusedProgram): Parts | undefined {
  return compiler.all(conditions)?.map(({ parts, valid }) => compiler.emitter.both(parts, valid)!).reduce((a, b) => compiler.emitter.both(a, b)!)
}

function add(compiler: ExpressionCompiler, loads: ColumnLoads, sums: readonly Sum[], mask: Parts | undefined, step: Step): boolean {
  const values = sums.map(({ kind, of }) => {
    if (!of) return undefined
    const isText = of.kind === 'column' && (of.type.kind === 'utf8' || of.type.kind === 'binary')
    return kind === 'count' && isText ? loads.loadCodes(of.index) : compiler.compile(of)
  })
  return sums.every(({ of }, i) => !of || values[i]) && step(loads, mask, values)
}

/** Ends the function with 1 where there was trouble: nothing has been stored then. */
export function emitTrouble({ fn, trouble }: Emitter): void {
  if (trouble === undefined) return
  fn.body.block(() => {
    fn.body.get(trouble).do('v128.any_true').do('i32.eqz').branchIf(0)
    fn.body.i32(1).do('return')
  })
}
