// What the functions of a process step emit, on its way into columns: values are taken when they are emitted, so a row may be changed and emitted again.
import { DataError, PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { int64 } from '../batch/data-type.ts'
import { type Fields, visible } from '../batch/schema.ts'
import { setTimeAt } from '../compute/window.ts'
import { shown } from '../state/keyed-state.ts'
import { isShared, type Taking, takingOf } from '../state/state-value.ts'
import { emitApart, type OperatorContext, type Output } from './operator.ts'

const emitRowsMax = 65_536

/** Rows that wait to be emitted on a port, as columns; `marks` are what the watermark was just before each. */
interface Waiting {
  readonly port: string | undefined
  readonly fields: Fields
  readonly given: Fields
  /** How values are copied that their owner may change. */
  readonly copy: readonly (Taking | undefined)[]
  columns: unknown[][]
  gids: number[]
  marks: number[]
}

/** The rows of a step's main output and of its side outputs. Cost: a JavaScript value a cell until they leave, 65,536 rows at a time. */
export class ProcessOutput {
  readonly #context: OperatorContext
  readonly #place: (gid: number) => string
  readonly #main: Waiting
  readonly #sides: ReadonlyMap<string, Waiting>
  #out: Output | undefined
  /** Rows since `begin`. */
  #count = 0
  constructor(context: OperatorContext, fields: Fields, sides: Readonly<Record<string, Fields>>, place: (gid: number) => string) {
    this.#context = context
    this.#place = place
    this.#main = waitingOf(undefined, fields)
    this.#sides = new Map(Object.entries(sides).map(([name, own]) => [name, waitingOf(name, own)]))
  }

  /** Rows emitted since `begin`. */
  get count(): number {
    return this.#count
  }

  /** What is emitted goes to `out`. */
  begin(out: Output): void {
    this.#out = out
    this.#count = 0
  }

  /** Takes a row of the key numbered `gid` (−1: of none). Throws DataError USER_RESULT, PlanError SIDE. */
  emit(side: string | undefined, row: unknown, gid: number, mark: number): void {
    const waiting = side === undefined ? this.#main : this.#side(side, gid)
    if (typeof row !== 'object' || row === null || Array.isArray(row)) throw new DataError('USER_RESULT', `${this.#place(gid)}: emit was given ${shown(row)}; give an object with a property per column: ${waiting.given.map(f => f.name).join(', ')}`)
    const values = row as Record<string, unknown>
    waiting.given.forEach(({ name }, i) => {
      const value = values[name]
      // What doesn't fit is told of when columns are made.
      waiting.columns[i]!.push(waiting.copy[i] ? (waiting.copy[i](value) ?? value) : value)
    })
    waiting.gids.push(gid)
    waiting.marks.push(mark)
    this.#count++
    if (waiting.gids.length >= emitRowsMax) emitApart(this.#context, () => this.#send(waiting))
  }

  #side(name: string, gid: number): Waiting {
    const found = this.#sides.get(name)
    if (found) return found
    const names = [...this.#sides.keys()]
    const there = names.length === 0 ? `this step has none; name it with its columns, as in sides: { ${name}: { account: 'utf8' } }` : `this step has ${names.join(', ')}${didYouMean(name, names)}`
    throw new PlanError('SIDE', `${this.#place(gid)}: no side output "${name}"; ${there}`)
  }

  /** Sends what waits. */
  flush(): void {
    for (const waiting of [this.#main, ...this.#sides.values()]) this.#send(waiting)
    this.#out = undefined
  }

  #send(waiting: Waiting): void {
    const { port, fields, given, columns, gids, marks } = waiting
    if (gids.length === 0) return
    const { device, arena } = this.#context
    waiting.columns = given.map(() => [])
    waiting.gids = []
    waiting.marks = []
    const made: Column[] = given.map((field, i) => buildColumn(device, arena, field, columns[i]!, row => `${this.#place(gids[row]!)}, an emitted row`))
    if (fields.length > given.length) made.push(this.#watermarks(marks))
    const batch: Batch = { fields, rowCount: gids.length, columns: made, arena: arena.address }
    this.#out!.emit(batch, port)
  }

  #watermarks(marks: readonly number[]): Column {
    const { device, arena } = this.#context
    const column = allocateColumn(arena, int64, marks.length)
    marks.forEach((mark, i) => setTimeAt(device, column.values + 8 * i, mark))
    return column
  }
}

// The hidden column of watermarks comes last.
function waitingOf(port: string | undefined, fields: Fields): Waiting {
  const given = visible(fields)
  return { port, fields, given, copy: given.map(({ type, nullable }) => (isShared(type) ? takingOf(type, nullable) : undefined)), columns: given.map(() => []), gids: [], marks: [] }
}
