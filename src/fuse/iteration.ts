// The loop of a fused pipeline: eight rows an iteration, and one more with a mask for what is left at the end. Eight rows of which none passes are left behind
// before what only sums take is loaded: where hardly any row passes, those columns are hardly read.
import type { Local } from '../device/wasm-code.ts'
import { type ColumnForm, ColumnLoads, type Slot } from './columns.ts'
import { Emitter } from './emitter.ts'
import { ExpressionCompiler } from './expression.ts'
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
  const end = emitter.fn.local('i32')
  let done = true
  body.block(() => {
    body.get(rows).i32(8).do('i32.lt_u').branchIf(0)
    body.loop(() => {
      if (blockRows === undefined) body.get(rows).i32(7).do('i32.and').set(end)
      else body.get(rows).i32(blockRows).do('i32.sub').get(rows).i32(7).do('i32.and').get(rows).i32(blockRows + 7).do('i32.gt_u').do('select').set(end)
      body.loop(() => {
        done &&= iterate(emitter, program, loads, sums, step)
        loads.advance()
        body.get(rows).i32(8).do('i32.sub').tee(rows).get(end).do('i32.gt_u').branchIf(0)
      })
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

function iterate(emitter: Emitter, program: FusedProgram, loads: ColumnLoads, sums: readonly Sum[], step: Step): boolean {
  const compiler = new ExpressionCompiler(emitter, loads)
  const conditions = compiler.all(program.conditions)
  if (!conditions) return false
  const passing = conditions.map(({ parts, valid }) => emitter.both(parts, valid)).reduce((a, b) => emitter.both(a, b), undefined)
  const mask = emitter.both(passing, emitter.tail)
  if (!passing) return add(compiler, loads, sums, mask, step)
  let done = true
  emitter.fn.body.block(() => {
    emitter.fn.body.get(mask![0]!)
    for (const part of mask!.slice(1)) emitter.fn.body.get(part).do('v128.or')
    emitter.fn.body.do('v128.any_true').do('i32.eqz').branchIf(0)
    done = add(compiler, loads, sums, mask, step)
  })
  return done
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
