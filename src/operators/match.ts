// Pattern matching over rows in the order of event time (MATCH_RECOGNIZE): rows wait for the watermark, then go through the runs of their partition. What a checkpoint keeps are
// rows: those that wait, and those that a match may still need, from which the runs are done again.
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import { formatDuration } from '../base/units.ts'
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { int32, int64 } from '../batch/data-type.ts'
import { columnIndex, type Fields, visible } from '../batch/schema.ts'
import { gatherBatch, gatherOwned } from '../compute/gather.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { RowStore } from '../compute/row-store.ts'
import { sortIndices } from '../compute/sort.ts'
import { floorTimes, lateRow, leastTime, setTimeAt, splitByTime, timelessRow } from '../compute/window.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { MatchContexts } from './match-contexts.ts'
import { type MatchParams, matchProgram, type MatchProgram } from './match-program.ts'
import { describeMatch } from './match-references.ts'
import { MatchRows } from './match-rows.ts'
import { MatchRuns } from './match-runs.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { watermarkColumn, watermarksOf } from './watermark.ts'
import { emitLate } from './window-output.ts'

/** One row a match: the keys, then the measures. Late rows, and rows without a time, leave by `late`. */
export const matchOperator: OperatorType<MatchParams> = {
  kind: 'match',
  inputCount: 1,
  placement: ({ by }) => (by.length > 0 ? 'keyed' : 'single'),
  keys: ({ by }) => by,
  fields: ([input], params, where) => matchProgram(input!, params, where).fields,
  sidePorts: ([input]): Record<string, Fields> => ({ late: visible(input!) }),
  describe: ({ by, time, pattern, define, withinMs }) =>
    `${pattern}${by.length > 0 ? ` by ${by.join(', ')}` : ''} in the order of ${time}${withinMs === undefined ? '' : ` within ${formatDuration(withinMs)}`}${Object.entries(define)
      .map(([name, e]) => `; ${name}: ${describeMatch(e)}`)
      .join('')}`,
  create: (context, params, [input]) => new Match(context, params, input!),
}

const emitRowsMax = 65_536

class Match implements Operator {
  readonly #context: OperatorContext
  readonly #params: MatchParams
  readonly #program: MatchProgram
  readonly #stored: readonly number[]
  readonly #time: number
  readonly #watermark: number
  readonly #waiting: RowStore
  readonly #rows: MatchRows
  readonly #contexts: MatchContexts
  readonly #runs: MatchRuns
  #found
  #certain: number[] = []
  #last = Number.NEGATIVE_INFINITY
  #least = Number.POSITIVE_INFINITY
  /** The first row whose time is not over yet. */
  #expired = 0
  #out: Output | undefined

  constructor(context: OperatorContext, params: MatchParams, input: Fields) {
    const { device, where } = context
    this.#context = context
    this.#params = params
    this.#program = matchProgram(input, params, where)
    this.#stored = this.#program.stored.map(field => columnIndex(input, field.name, where))
    this.#time = columnIndex(input, params.time, where)
    this.#watermark = input.findIndex(f => f.name === watermarkColumn)
    this.#waiting = new RowStore(device, this.#program.stored)
    this.#rows = new MatchRows(device, this.#program, params.by.length, where)
    this.#contexts = new MatchContexts(device, this.#program, this.#rows, where)
    this.#found = this.#contexts.empty()
    this.#runs = new MatchRuns(device, this.#program, this.#rows, this.#contexts, params.withinMs, where, (paths, entry, _, certain) => {
      this.#contexts.add(this.#found, paths, entry, column => this.#runs.reader(column))
      this.#certain.push(certain)
      if (this.#certain.length >= emitRowsMax) this.#emit()
    })
  }

  push(batch: Batch, out: Output): void {
    const { device, arena } = this.#context
    const count = batch.rowCount
    const times = floorTimes(device, arena, batch.columns[this.#time]!)
    const watermarks = watermarksOf(this.#context, batch, this.#watermark, this.#last)
    const ids = arena.allocate(4 * count)
    const kept = arena.allocate(4 * count)
    const [found, indices, words] = [device.memory.int32s(ids, count), device.memory.uint32s(kept, count), device.memory.words()]
    let [rows, late, timeless] = [0, 0, 0]
    for (let row = 0; row < count; row++) {
      const [time, mark] = [times / 4 + 2 * row, watermarks / 4 + 2 * row]
      if (words[time + 1] === -(2 ** 31) && words[time] === 0) {
        found[row] = timelessRow
        timeless++
      } else if (watermarks !== 0 && (words[time + 1]! < words[mark + 1]! || (words[time + 1] === words[mark + 1] && words[time]! >>> 0 <= words[mark]! >>> 0))) {
        found[row] = lateRow
        late++
      } else {
        found[row] = 0
        indices[rows++] = row
      }
    }
    const columns = this.#stored.map(i => batch.columns[i]!)
    const taken: Batch = { fields: this.#program.stored, rowCount: count, columns, arena: batch.arena }
    if (rows > 0) this.#wait(rows === count ? taken : gatherBatch(device, arena, taken, kept, rows))
    emitLate(this.#context, out, batch, ids, 0, count, late, timeless)
  }

  #wait(rows: Batch, arena: Arena = this.#context.arena): void {
    const { device } = this.#context
    this.#least = Math.min(this.#least, leastTime(device, arena, floorTimes(device, arena, rows.columns[this.#program.time]!), rows.rowCount))
    this.#waiting.append(rows)
  }

  advance(watermark: number, out: Output): void {
    this.#last = watermark
    if (watermark === Number.NEGATIVE_INFINITY) return
    this.#out = out
    if (this.#waiting.rowCount > 0 && this.#least <= watermark) this.#take(watermark)
    if (this.#params.withinMs !== undefined) this.#expire(watermark)
    this.#emit()
    this.#compact()
    this.#out = undefined
  }

  finish(out: Output): void {
    this.advance(Number.POSITIVE_INFINITY, out)
    this.#out = out
    for (let row = this.#expired; row < this.#rows.store.rowCount; row++) this.#runs.expire(row, this.#rows.times[row]!)
    this.#expired = this.#rows.store.rowCount
    this.#emit()
    this.#out = undefined
  }

  // Rows that the watermark has passed, in the order of their times.
  #take(watermark: number): void {
    const { device, arena } = this.#context
    const all = this.#waiting.batch()
    const { due, dueRows, rest } = splitByTime(device, arena, floorTimes(device, arena, all.columns[this.#program.time]!), all.rowCount, watermark)
    const ready = gatherOwned(device, arena, all, due, dueRows)
    const left = gatherOwned(device, arena, all, rest, all.rowCount - dueRows)
    this.#waiting.clear()
    this.#least = Number.POSITIVE_INFINITY
    if (left.rowCount > 0) this.#wait(left)
    const order = sortIndices(device, arena, [{ column: ready.columns[this.#program.time]! }], dueRows)
    this.#run(arena, gatherBatch(device, arena, ready, order, dueRows))
  }

  #run(arena: Arena, rows: Batch, context?: Column): void {
    const first = this.#rows.append(arena, rows, context)
    this.#runs.refresh()
    for (let row = first; row < first + rows.rowCount; row++) this.#runs.process(this.#rows.partition[row]!)
  }

  // Matches that no later row can go on.
  #expire(watermark: number): void {
    const within = this.#params.withinMs!
    const { times, store } = this.#rows
    for (; this.#expired < store.rowCount && times[this.#expired]! + within <= watermark + 1; this.#expired++) this.#runs.expire(this.#expired, times[this.#expired]! + within)
  }

  #emit(): void {
    const rows = this.#certain.length
    if (rows === 0 || !this.#out) return
    const { device, arena } = this.#context
    const { fields } = this.#program
    const batch = this.#contexts.batch(arena, this.#found)
    const columns = [...batch.columns.slice(0, this.#params.by.length), ...this.#contexts.measures(arena, batch)]
    if (this.#watermark >= 0) columns.push(this.#watermarks())
    const made: Batch = { fields, rowCount: rows, columns, arena: arena.address }
    // Texts of the columns lie with the rows, which go.
    this.#out.emit(gatherOwned(device, arena, made, this.#numbers(rows), rows))
    this.#found = this.#contexts.empty()
    this.#certain = []
    this.#runs.refresh()
  }

  #numbers(rows: number): number {
    const { device, arena } = this.#context
    const indices = arena.allocate(4 * rows)
    device.memory.uint32s(indices, rows).forEach((_, i, all) => (all[i] = i))
    return indices
  }

  // What the watermark was just before each match was certain.
  #watermarks(): Column {
    const { device, arena } = this.#context
    const column = allocateColumn(arena, int64, this.#certain.length)
    this.#certain.forEach((time, i) => setTimeAt(device, column.values + 8 * i, time - 1))
    return column
  }

  #compact(): void {
    const before = this.#rows.store.rowCount
    const times = this.#rows.times[this.#expired] ?? Number.POSITIVE_INFINITY
    const numbers = this.#rows.compact()
    if (!numbers) return
    this.#runs.renumber(numbers)
    let expired = 0
    for (let row = 0; row < Math.min(before, this.#expired); row++) if (numbers.rows[row]! >= 0) expired++
    this.#expired = Number.isFinite(times) ? expired : this.#rows.store.rowCount
    this.#runs.refresh()
  }

  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    const keyGroups = this.#params.by.length > 0 ? keyGroupRange(instance, parallelism) : { start: 0, end: keyGroupCount }
    const arena = device.arena()
    try {
      const runs: StateRun[] = []
      if (this.#waiting.rowCount > 0) runs.push({ table: 'waiting', keyGroups, bytes: encodeRun(device, this.#waiting.batch()) })
      const { batch, context } = this.#rows.liveBatch(arena)
      const before = allocateColumn(arena, int32, context.length)
      device.memory.int32s(before.values, context.length).set(context)
      const fields = [...batch.fields, { name: '$before', type: int32, nullable: false }]
      if (batch.rowCount > 0) runs.push({ table: 'rows', keyGroups, bytes: encodeRun(device, { ...batch, fields, columns: [...batch.columns, before] }) })
      return runs
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device, where, instance, parallelism } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        const all = decodeRun(device, arena, run.bytes)
        const { by } = this.#params
        const own = by.length === 0 ? all : rowsOfKeyGroups(device, arena, all, by, keyGroupRange(instance, parallelism), where)
        if (own.rowCount === 0) continue
        if (run.table === 'waiting') this.#wait(own, arena)
        else this.#run(arena, { ...own, columns: own.columns.slice(0, -1) }, own.columns.at(-1))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#waiting.close()
    this.#rows.close()
  }
}
