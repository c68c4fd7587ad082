// The join by equal keys of streams whose rows may be taken back, and the outer joins of streams: what it gives changes as rows come. A row that meets nothing
// comes out alone, is taken back when one comes that it meets, and given again when the last of those goes. Rules: Apache Flink's StreamingJoinOperator and
// StreamingSemiAntiJoinOperator.
import { AssertionError } from '../base/errors.ts'
import { keyGroupRange } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { Change, changeColumn, changeField } from '../batch/change.ts'
import { int32 } from '../batch/data-type.ts'
import type { Field, Fields } from '../batch/schema.ts'
import { andBits, notBits } from '../compute/bitmap.ts'
import { ChangingRows, countPartners } from '../compute/changing-rows.ts'
import { compactBatch } from '../compute/compact.ts'
import { compare } from '../compute/compare.ts'
import { gatherBatch, gatherOwned } from '../compute/gather.ts'
import { markedMask } from '../compute/join-match.ts'
import { splitChanges } from '../compute/changes.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { cameField, cameNow } from '../compute/row-ages.ts'
import type { RowIds } from '../compute/timed-rows.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { describeJoin, joinedFields, type JoinParams, neededOfJoin } from './join-fields.ts'
import { describeLife, type LifeParams, lifeOf, Sweeps } from './join-life.ts'
import { emitApart, type Operator, type OperatorContext, type OperatorType, type Output } from './operator.ts'
import { PairOutput, type PairSide, streamKeyTypes } from './pair-output.ts'

const degreeField: Field = { name: '$degree', type: int32, nullable: false }
const tables = ['left', 'right'] as const

/** The columns of `join`, and `$change`. A null key matches nothing. Both sides are stored, in memory; equal rows count as often as they hold. */
export const changingJoinOperator: OperatorType<JoinParams & LifeParams & { readonly [key: string]: Json | undefined }> = {
  kind: 'changingJoin',
  inputCount: 2,
  placement: () => 'keyed',
  keys: (params, port) => (port === 0 ? params.left : params.right),
  takesChanges: true,
  fields([left, right], params, where) {
    streamKeyTypes(left!, right!, params, where)
    return [...joinedFields(left!, right!, params, where), changeField]
  },
  needs: (inputs, params, port, readers) => new Set([...neededOfJoin(inputs, params, port, readers, 'join'), changeColumn]),
  describe: params => `${describeJoin(params)}, ${describeLife(params)}, as rows change`,
  create: (context, params, [left, right]) => new ChangingJoin(context, params, left!, right!),
}

interface Side extends PairSide {
  readonly stored: ChangingRows
  /** Where `$change` is in the input; −1 where its rows only add up. */
  readonly change: number
  /** When a row comes out alone: never, as long as it meets nothing, or as soon as it meets something. */
  readonly alone: 'never' | 'unmet' | 'met'
  readonly ttlMs: number | undefined
}

class ChangingJoin implements Operator {
  readonly #context: OperatorContext
  readonly #output: PairOutput
  readonly #sides: readonly [Side, Side]
  readonly #givesPairs: boolean
  readonly #sweeps: Sweeps
  constructor(context: OperatorContext, params: JoinParams & LifeParams, left: Fields, right: Fields) {
    const { how } = params
    this.#context = context
    this.#givesPairs = how !== 'semi' && how !== 'anti'
    this.#output = new PairOutput(context, params, [left, right], [[], []], 'change')
    const keyTypes = streamKeyTypes(left, right, params, context.where)
    const side = (port: 0 | 1, input: Fields, alone: Side['alone']): Side => {
      const own = this.#output.sides[port]
      const ttlMs = lifeOf(params, port)
      return { ...own, stored: new ChangingRows(context.device, { fields: own.fields, keys: own.keys, keyTypes, ages: ttlMs !== undefined }), change: input.findIndex(field => field.name === changeColumn), alone, ttlMs }
    }
    this.#sweeps = new Sweeps(params)
    const ofLeft = how === 'semi' ? 'met' : how === 'left' || how === 'full' || how === 'anti' ? 'unmet' : 'never'
    this.#sides = [side(0, left, ofLeft), side(1, right, how === 'right' || how === 'full' ? 'unmet' : 'never')]
  }

  // Rows that are added first, so that what is taken back has come, too.
  push(batch: Batch, out: Output, port: number): void {
    const { device, arena } = this.#context
    const { change, stored } = this.#sides[port]!
    const rows = this.#output.carried(batch, port)
    for (const side of this.#sides) if (side.ttlMs !== undefined) side.stored.forget(this.#context.clock.now() - side.ttlMs)
    if (change < 0) return this.#add(rows, port, out)
    const scratch = device.arena()
    try {
      const { added, taken } = splitChanges(device, scratch, batch.columns[change]!, batch.rowCount)
      this.#add(gatherBatch(device, arena, rows, added.indices, added.rows), port, out)
      this.#remove(gatherBatch(device, arena, rows, taken.indices, taken.rows), port, out)
    } finally {
      scratch.release()
    }
    stored.compact()
  }

  tick(now: number): void {
    if (this.#sweeps.isDue(now)) for (const { stored, ttlMs } of this.#sides) if (ttlMs !== undefined) stored.sweep(now - ttlMs)
  }

  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    return this.#sides.flatMap(({ stored, fields }, port) => {
      stored.compact(true)
      const { columns, rowCount } = stored.rows()
      if (rowCount === 0) return []
      const degrees: Column = { type: int32, length: rowCount, values: stored.degrees, validity: 0 }
      const came = stored.came
      const rows: Batch = { fields: [...fields, degreeField, ...(came ? [cameField] : [])], rowCount, columns: [...columns.slice(0, fields.length), degrees, ...(came ? [came] : [])], arena: 0 }
      return [{ table: tables[port]!, keyGroups: keyGroupRange(instance, parallelism), bytes: encodeRun(device, rows) }]
    })
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    for (const run of runs) {
      const { stored, fields, keys, ttlMs } = this.#sides[run.table === tables[0] ? 0 : 1]
      const arena = device.arena()
      try {
        const rows = rowsOfKeyGroups(device, arena, decodeRun(device, arena, run.bytes), keys.map(key => fields[key]!.name), keyGroupRange(instance, parallelism), where)
        // Rows of a checkpoint that doesn't know when they came come now.
        const came = ttlMs === undefined ? undefined : (rows.columns[fields.length + 1] ?? cameNow(device, arena, rows.rowCount, this.#context.clock.now()))
        stored.insert(arena, rows, rows.columns[fields.length]!.values, came)
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    for (const { stored } of this.#sides) stored.close()
  }

  // Rows that come. Those with a null among their keys are not stored.
  #add(rows: Batch, port: number, out: Output): void {
    if (rows.rowCount === 0) return
    const { device, clock } = this.#context
    const { stored, ttlMs } = this.#sides[port]!
    const scratch = device.arena()
    try {
      const counts = scratch.allocateZeroed(4 * rows.rowCount)
      this.#meet(scratch, rows, counts, 1, port, out)
      this.#emitOwn(rows, counts, 1, port, out)
      const counted: Batch = { ...rows, fields: [...rows.fields, degreeField], columns: [...rows.columns, { type: int32, length: rows.rowCount, values: counts, validity: 0 }] }
      const keyed = this.#keyed(scratch, rows, port)
      const kept = keyed === 0 ? counted : compactBatch(device, scratch, counted, keyed)
      stored.insert(scratch, kept, kept.columns.at(-1)!.values, ttlMs === undefined ? undefined : cameNow(device, scratch, kept.rowCount, clock.now()))
    } finally {
      scratch.release()
    }
  }

  // Rows that go. What was forgotten can't: what was given of it stays. A row comes out alone by what it has met, some of which may be forgotten.
  #remove(rows: Batch, port: number, out: Output): void {
    if (rows.rowCount === 0) return
    const { device, arena, where } = this.#context
    const { stored, ttlMs } = this.#sides[port]!
    const scratch = device.arena()
    try {
      const keyed = this.#keyed(scratch, rows, port)
      const kept = keyed === 0 ? rows : compactBatch(device, arena, rows, keyed)
      const keyless = rows.rowCount - kept.rowCount
      if (keyless > 0) this.#emitOwn(compactBatch(device, arena, rows, notBits(device, scratch, keyed, rows.rowCount)), scratch.allocateZeroed(4 * keyless), -1, port, out)
      const [taken, degrees] = [scratch.allocateZeroed(kept.rowCount), scratch.allocate(4 * kept.rowCount)]
      const found = stored.take(scratch, kept, taken, degrees)
      if (found < kept.rowCount && ttlMs === undefined) throw new AssertionError('CHANGES', `${where}: a row was taken back that had not been given; this is a fault in Millrace`)
      if (found === 0) return
      const all: Batch = { ...kept, fields: [...kept.fields, degreeField], columns: [...kept.columns, { type: int32, length: kept.rowCount, values: degrees, validity: 0 }] }
      const { columns, ...gone } = found === kept.rowCount ? all : compactBatch(device, arena, all, markedMask(device, scratch, taken, kept.rowCount, true))
      const own: Batch = { ...gone, fields: kept.fields, columns: columns.slice(0, -1) }
      this.#meet(scratch, own, scratch.allocateZeroed(4 * found), -1, port, out)
      this.#emitOwn(own, columns.at(-1)!.values, -1, port, out)
    } finally {
      scratch.release()
    }
  }

  #meet(scratch: Arena, rows: Batch, counts: number, by: 1 | -1, port: number, out: Output): void {
    const { device } = this.#context
    const [own, other] = [this.#sides[port]!, this.#sides[1 - port]!]
    const stored = other.stored.rows()
    let parts = 0
    for (const found of other.stored.probe(scratch, own.keys.map(i => rows.columns[i]!), rows.rowCount)) {
      const pairs = { ...found, count: this.#output.keep(rows, stored, found, port) }
      if (pairs.count === 0) continue
      countPartners(device, scratch, pairs.left, pairs.count, counts)
      const emit = () => {
        // What comes out instead of a row alone comes behind it, what goes goes before.
        const turned = other.alone === 'never' ? undefined : other.stored.count(scratch, pairs.right, pairs.count, by)
        const isGiven = (by === 1) === (other.alone === 'met')
        if (turned && !isGiven) this.#emitTurned(stored, turned, Change.delete, 1 - port, out)
        if (this.#givesPairs) this.#output.emitPairs(rows, stored, pairs, port, out, by === 1 ? Change.insert : Change.delete)
        if (turned && isGiven) this.#emitTurned(stored, turned, Change.insert, 1 - port, out)
      }
      if (parts++ === 0) emit()
      else emitApart(this.#context, emit)
    }
  }

  #emitTurned(stored: Batch, { ids, count }: RowIds, change: number, port: number, out: Output): void {
    const { device, arena } = this.#context
    if (count > 0) this.#output.emitAlone(gatherOwned(device, arena, stored, ids, count), undefined, port, out, change)
  }

  #emitOwn(rows: Batch, counts: number, by: 1 | -1, port: number, out: Output): void {
    const { device, arena } = this.#context
    const { alone } = this.#sides[port]!
    if (alone === 'never') return
    const none = compare(device, arena, alone === 'unmet' ? 'eq' : 'ne', { type: int32, length: rows.rowCount, values: counts, validity: 0 }, { type: int32, value: 0 })
    this.#output.emitAlone(compactBatch(device, arena, rows, none.values), undefined, port, out, by === 1 ? Change.insert : Change.delete)
  }

  // The rows without a null among their keys, as bits; 0: all.
  #keyed(scratch: Arena, rows: Batch, port: number): number {
    return this.#sides[port]!.keys.reduce((bits, i) => andBits(this.#context.device, scratch, bits, rows.columns[i]!.validity, rows.rowCount), 0)
  }
}
