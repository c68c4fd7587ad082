// A fused pipeline without keys: one pass over the rows, all sums in registers.
import type { ColumnForm } from './columns.ts'
import { beginLoop, emitLoop, emitTrouble, type Encoded } from './iteration.ts'
import type { FusedProgram, SumPlan } from './program.ts'
import { blockRows, type LaneSum, laneSum } from './sum-lanes.ts'

/**
 * The function that adds up to `callRows` rows to the state of the one group, and gives 0; or 1, having changed nothing, where the interpreter must look at
 * them. Undefined where columns of these forms can't be compiled.
 */
export function encodeKeyless(program: FusedProgram, { sums }: SumPlan, forms: readonly (ColumnForm | undefined)[]): Encoded | undefined {
  const loop = beginLoop(program, forms)
  const { emitter, state } = loop
  const lanes: (LaneSum | undefined)[] = []
  const hasFloats = sums.some(sum => sum.kind === 'float')
  const step = (_: unknown, mask: Parameters<LaneSum['add']>[1], values: readonly Parameters<LaneSum['add']>[0][]) =>
    sums.every((sum, i) => {
      lanes[i] ??= laneSum(emitter, sum, i, values[i])
      lanes[i]?.add(values[i], emitter.both(mask, values[i]?.valid))
      return lanes[i] !== undefined
    })
  const isDone = emitLoop(loop, program, forms, sums, step, hasFloats ? blockRows : undefined, () => {
    for (const lane of lanes) lane?.fold?.()
  })
  if (!isDone) return undefined
  emitTrouble(emitter)
  for (const lane of lanes) lane!.store(state)
  emitter.fn.body.i32(0)
  return { module: emitter.fn.module(), slots: loop.loads.slots }
}
