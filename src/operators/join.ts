// The inner join by equal keys of inputs that may never end: each batch first meets what the other side has stored, then is stored itself, so that
// every pair is emitted once, whichever came later. What memory has no room for lies in segments on disk (state/segmented-rows.ts). Inputs that end are
// joined by join-build.ts and join-probe.ts.
import { keyGroupRange } from '../base/hash.ts'
import type { Batch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun } from '../state/run-codec.ts'
import { SegmentedRows } from '../state/segmented-rows.ts'
import type { StateRun } from '../state/state-run.ts'
import { describeJoin, joinedFields, type JoinParams, neededOfJoin } from './join-fields.ts'
import { describeLife, type LifeParams, lifeOf, Sweeps } from './join-life.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { haveWatermarks, PairOutput, type PairSide, pairsMax, streamKeyTypes } from './pair-output.ts'
import { watermarkColumn, watermarkField } from './watermark.ts'

const tables = ['left', 'right'] as const

/**
 * Left columns, then right columns without the keys. A null key matches nothing; NaN equals NaN, −0 equals 0. Hidden columns end here, but for `$watermark`: where both
 * inputs have it, a pair has the greater one, which is what the watermark was when the pair came to be.
 */
export const joinOperator: OperatorType<JoinParams & LifeParams> = {
  kind: 'join',
  inputCount: 2,
  placement: () => 'keyed',
  keys: (params, port) => (port === 0 ? params.left : params.right),
  fields([left, right], params, where) {
    streamKeyTypes(left!, right!, params, where)
    const fields = joinedFields(left!, right!, params, where)
    return haveWatermarks(left!, right!) ? [...fields, watermarkField] : fields
  },
  needs: (inputs, params, port, readers) => new Set([...neededOfJoin(inputs, params, port, readers, 'join'), ...(haveWatermarks(inputs[0]!, inputs[1]!) ? [watermarkColumn] : [])]),
  describe: params => `${describeJoin(params)}, ${describeLife(params)}`,
  create: (context, params, [left, right]) => new JoinOperator(context, params, left!, right!),
}

interface Side extends PairSide {
  readonly stored: SegmentedRows
  readonly names: readonly string[]
}

class JoinOperator implements Operator {
  readonly #context: OperatorContext
  readonly #output: PairOutput
  readonly #sides: readonly [Side, Side]
  readonly #sweeps: Sweeps
  constructor(context: OperatorContext, params: JoinParams & LifeParams, left: Fields, right: Fields) {
    this.#context = context
    this.#output = new PairOutput(context, params, [left, right], [[], []], { watermark: { delayMs: 0 } })
    const keyTypes = streamKeyTypes(left, right, params, context.where)
    const { device, spill, instance, parallelism, stateBytesMax, where } = context
    const side = (port: 0 | 1, names: readonly string[]): Side => {
      const own = this.#output.sides[port]
      const { fields, keys } = own
      const ms = lifeOf(params, port)
      const stored = new SegmentedRows({ device, spill, fields, keys, keyTypes, table: tables[port], keyGroups: keyGroupRange(instance, parallelism), bytesMax: stateBytesMax / 2, ...(ms !== undefined && { life: { ms, now: () => context.clock.now() } }), where })
      return { ...own, stored, names }
    }
    this.#sides = [side(0, params.left), side(1, params.right)]
    this.#sweeps = new Sweeps(params)
  }

  push(batch: Batch, out: Output, port: number): void {
    const { device } = this.#context
    const rows = this.#output.carried(batch, port)
    const scratch = device.arena()
    try {
      this.#probe(scratch, rows, port, out)
      this.#sides[port]!.stored.insert(scratch, rows)
    } finally {
      scratch.release()
    }
  }

  tick(now: number): void {
    if (this.#sweeps.isDue(now)) for (const { stored } of this.#sides) stored.sweep()
  }

  snapshot(): StateRun[] {
    return this.#sides.flatMap(({ stored }) => stored.snapshot())
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    this.#sides.forEach(({ stored }, port) => stored.restore(runs.filter(({ table, lasting }) => lasting && table === tables[port])))
    // Checkpoints of earlier versions have a side as one run.
    for (const run of runs.filter(({ lasting }) => !lasting)) {
      const { stored, names } = this.#sides[run.table === tables[0] ? 0 : 1]
      const arena = device.arena()
      try {
        stored.insert(arena, rowsOfKeyGroups(device, arena, decodeRun(device, arena, run.bytes), names, keyGroupRange(instance, parallelism), where))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    for (const { stored } of this.#sides) stored.close()
  }

  #probe(scratch: Arena, rows: Batch, port: number, out: Output): void {
    const keys = this.#sides[port]!.keys.map(i => rows.columns[i]!)
    for (const { rows: stored, ...pairs } of this.#sides[1 - port]!.stored.probe(scratch, keys, rows.rowCount, pairsMax)) {
      this.#output.emitPairs(rows, stored, { ...pairs, count: this.#output.keep(rows, stored, pairs, port) }, port, out)
    }
  }
}
