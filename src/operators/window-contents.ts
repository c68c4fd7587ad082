// What windows that fire one by one hold of their rows: partial states of aggregates, in parts that follow each other; or, where an evictor chooses among rows, the rows' inputs
// themselves. Rows are noted as they come and taken together; so are results, each of what its window held at that moment.
import type { Column } from '../batch/batch.ts'
import { float64 } from '../batch/data-type.ts'
import type { Field, Fields } from '../batch/schema.ts'
import { type Accumulators, createAccumulators } from '../compute/accumulators.ts'
import { gatherColumn } from '../compute/gather.ts'
import type { RowOrder } from '../compute/row-order.ts'
import { RowStore } from '../compute/row-store.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { GroupShape } from '../state/group-state.ts'
import type { Evictor } from '../window/window-spec.ts'
import { numbersAt } from './keyed-window-runs.ts'
import type { KeyedWindow } from './keyed-windows.ts'

/** The rows at hand: columns that aggregates read, one after the other, and where the first row stands among all. */
export interface RowsAtHand {
  readonly inputs: readonly (Column | undefined)[]
  readonly place: bigint
}

/** The contents of windows, whose `parts` they number. */
export interface WindowContents {
  /** Row `row` of those at hand is of the window. `value`: what an evictor tells rows apart by. */
  add(window: KeyedWindow, row: number, value: number): void
  /** What the window holds now is a result. False where an evictor leaves nothing of it. */
  fire(window: KeyedWindow): boolean
  forget(window: KeyedWindow): void
  /** `window` goes on with what others held, in this order. */
  join(window: KeyedWindow, others: readonly KeyedWindow[]): void
  /** Takes the noted rows; the batch may go then. */
  settle(arena: Arena, rows: RowsAtHand): void
  /** About how much work the noted results are. */
  readonly work: number
  /** The noted results, in order: a column per aggregate. After `settle`. */
  results(arena: Arena): Column[]
  /** Parts in all, dropped ones too. */
  readonly partCount: number
  /** Lets go of what no window holds: parts are numbered anew. */
  compact(windows: readonly KeyedWindow[]): void
  /** The fields of parts as rows. */
  readonly fields: Fields
  /** The parts of the windows as rows, one window's after the other's. */
  rowsOf(arena: Arena, windows: readonly KeyedWindow[]): Column[]
  /** The inverse: these rows are the windows' parts, `counts` of each. */
  load(rows: number, columns: readonly Column[], windows: readonly KeyedWindow[], counts: readonly number[]): void
  close(): void
}

const partsOf = (windows: readonly KeyedWindow[]) => windows.flatMap(window => window.parts)

// Gives the windows parts of the numbers from `first` on, so many each.
function numberParts(windows: readonly KeyedWindow[], counts: readonly number[], first: number): void {
  let next = first
  windows.forEach((window, i) => (window.parts = Array.from({ length: counts[i]! }, () => next++)))
}

/** Partial states: a part of a window takes rows until a result needs it as it is; the next row begins another. `folds`: parts become one once a result has joined them. */
export class StateContents implements WindowContents {
  readonly #device: Device
  readonly #shape: GroupShape
  readonly #order: RowOrder
  readonly #folds: boolean
  readonly #states: Accumulators
  readonly #joined: Accumulators
  #rows: number[] = []
  #partOf: number[] = []
  /** Results: the parts of all, one result after the other, the number of the result of each, and their windows. */
  #firedParts: number[] = []
  #firedOf: number[] = []
  #fired: { readonly window: KeyedWindow; readonly parts: number }[] = []
  partCount = 0
  constructor(device: Device, shape: GroupShape, order: RowOrder, folds: boolean) {
    this.#device = device
    this.#shape = shape
    this.#order = order
    this.#folds = folds
    this.#states = createAccumulators(device, shape.specs)
    this.#joined = createAccumulators(device, shape.specs)
  }

  get fields(): Fields {
    return this.#states.partialFields(this.#shape.names)
  }
  get work(): number {
    return this.#firedParts.length
  }

  add(window: KeyedWindow, row: number): void {
    if (window.isSealed || window.parts.length === 0) window.parts.push(this.partCount++)
    window.isSealed = false
    this.#rows.push(row)
    this.#partOf.push(window.parts.at(-1)!)
  }
  fire(window: KeyedWindow): boolean {
    if (window.parts.length === 0) return false
    for (const part of window.parts) {
      this.#firedParts.push(part)
      this.#firedOf.push(this.#fired.length)
    }
    this.#fired.push({ window, parts: window.parts.length })
    window.isSealed = true
    return true
  }
  forget(window: KeyedWindow): void {
    window.parts = []
    window.isSealed = false
  }
  join(window: KeyedWindow, others: readonly KeyedWindow[]): void {
    window.parts = partsOf(others)
    window.isSealed = true
  }

  settle(arena: Arena, { inputs, place }: RowsAtHand): void {
    if (this.#rows.length === 0) return
    const device = this.#device
    const count = this.#rows.length
    const rows = numbersAt(device, arena, this.#rows)
    const taken = inputs.map(column => column && gatherColumn(device, arena, column, rows, count))
    this.#states.update(numbersAt(device, arena, this.#partOf), taken, count, this.partCount, this.#order.from(place, rows))
    this.#rows = []
    this.#partOf = []
  }

  results(arena: Arena): Column[] {
    const [parts, of, fired] = [this.#firedParts, this.#firedOf, this.#fired]
    this.#firedParts = []
    this.#firedOf = []
    this.#fired = []
    const device = this.#device
    const indices = numbersAt(device, arena, parts)
    // The results are made: where parts needn't stay apart, rows may go on in the last one.
    if (this.#folds) for (const { window } of fired) window.isSealed = false
    if (parts.length === fired.length) return this.#states.resultColumns(arena, this.partCount, { indices, rows: parts.length })
    const states = this.#states.partialColumns(arena, this.partCount).map(column => gatherColumn(device, arena, column, indices, parts.length))
    this.#joined.merge(numbersAt(device, arena, of), states, parts.length, fired.length)
    const results = this.#joined.resultColumns(arena, fired.length)
    if (this.#folds) this.#fold(arena, fired, parts)
    this.#joined.reset()
    return results
  }

  // What the last result of a window joined is one part from now on.
  #fold(arena: Arena, fired: readonly { readonly window: KeyedWindow; readonly parts: number }[], firedParts: readonly number[]): void {
    const last = new Map<KeyedWindow, { readonly result: number; readonly parts: number }>()
    let end = 0
    fired.forEach(({ window, parts }, result) => {
      end += parts
      if (parts > 1 && window.parts[parts - 1] === firedParts[end - 1]) last.set(window, { result, parts })
      else last.delete(window)
    })
    if (last.size === 0) return
    const device = this.#device
    const made: number[] = []
    for (const [window, { parts }] of last) {
      made.push(this.partCount)
      window.parts.splice(0, parts, this.partCount++)
    }
    const chosen = numbersAt(device, arena, [...last.values()].map(({ result }) => result))
    const states = this.#joined.partialColumns(arena, fired.length).map(column => gatherColumn(device, arena, column, chosen, last.size))
    this.#states.merge(numbersAt(device, arena, made), states, last.size, this.partCount)
  }

  compact(windows: readonly KeyedWindow[]): void {
    const arena = this.#device.arena()
    try {
      const columns = this.rowsOf(arena, windows)
      this.#states.reset()
      this.partCount = 0
      this.load(partsOf(windows).length, columns, windows, windows.map(window => window.parts.length))
    } finally {
      arena.release()
    }
  }
  rowsOf(arena: Arena, windows: readonly KeyedWindow[]): Column[] {
    const parts = partsOf(windows)
    const indices = numbersAt(this.#device, arena, parts)
    return this.#states.partialColumns(arena, this.partCount).map(column => gatherColumn(this.#device, arena, column, indices, parts.length))
  }
  load(rows: number, columns: readonly Column[], windows: readonly KeyedWindow[], counts: readonly number[]): void {
    const first = this.partCount
    numberParts(windows, counts, first)
    if (rows === 0) return
    this.partCount += rows
    const arena = this.#device.arena()
    try {
      this.#states.merge(numbersAt(this.#device, arena, Array.from({ length: rows }, (_, i) => first + i)), columns, rows, this.partCount)
    } finally {
      arena.release()
    }
  }
  close(): void {
    this.#states.close()
    this.#joined.close()
  }
}

// Beside a row's inputs: what it is told apart by, and its part, which says when it came.
const frozenFields: Fields = ['$value', '$part'].map((name): Field => ({ name, type: float64, nullable: false }))

/** Rows: a part is a row. Before a result, or behind it, the evictor's rows leave the window for good. */
export class RowContents implements WindowContents {
  readonly #device: Device
  readonly #evictor: Evictor
  #store: RowStore
  readonly #joined: Accumulators
  /** Which of the columns that aggregates read have a value at all; counts of rows have none. */
  readonly #isRead: readonly boolean[]
  readonly fields: Fields
  #rows: number[] = []
  #firedParts: number[] = []
  #firedOf: number[] = []
  #fired = 0
  /** `inputs`: the fields that aggregates read, one after the other, undefined for a count of rows. */
  constructor(device: Device, shape: GroupShape, evictor: Evictor, inputs: readonly (Field | undefined)[]) {
    this.#device = device
    this.#evictor = evictor
    this.#isRead = inputs.map(field => field !== undefined)
    const kept = inputs.filter(field => field !== undefined).map((field, i): Field => ({ ...field, name: `$${i}` }))
    this.#store = new RowStore(device, kept)
    this.fields = [...kept, ...frozenFields]
    this.#joined = createAccumulators(device, shape.specs)
  }

  get work(): number {
    return this.#firedParts.length
  }
  get partCount(): number {
    return this.#store.rowCount + this.#rows.length
  }

  add(window: KeyedWindow, row: number, value: number): void {
    if (this.#rows.at(-1) !== row) this.#rows.push(row)
    window.parts.push(this.#store.rowCount + this.#rows.length - 1)
    window.values.push(value)
  }
  fire(window: KeyedWindow): boolean {
    if (!this.#evictor.after) this.#evict(window)
    const isFull = window.parts.length > 0
    for (const part of window.parts) {
      this.#firedParts.push(part)
      this.#firedOf.push(this.#fired)
    }
    if (isFull) this.#fired++
    if (this.#evictor.after) this.#evict(window)
    return isFull
  }
  #evict(window: KeyedWindow): void {
    const { parts, values } = window
    const stays = staying(this.#evictor, values)
    window.parts = parts.filter((_, i) => stays(values[i]!, i))
    window.values = values.filter(stays)
  }
  forget(window: KeyedWindow): void {
    window.parts = []
    window.values = []
  }
  join(window: KeyedWindow, others: readonly KeyedWindow[]): void {
    const rows = others.flatMap(({ parts, values }) => parts.map((part, i) => ({ part, value: values[i]! }))).sort((a, b) => a.part - b.part)
    window.parts = rows.map(({ part }) => part)
    window.values = rows.map(({ value }) => value)
  }

  settle(arena: Arena, { inputs }: RowsAtHand): void {
    if (this.#rows.length === 0) return
    const rows = numbersAt(this.#device, arena, this.#rows)
    const rowCount = this.#rows.length
    this.#store.append({ columns: inputs.filter(column => column !== undefined).map(column => gatherColumn(this.#device, arena, column, rows, rowCount)), rowCount })
    this.#rows = []
  }

  results(arena: Arena): Column[] {
    const device = this.#device
    const [rows, fired] = [this.#firedParts.length, this.#fired]
    const indices = numbersAt(device, arena, this.#firedParts)
    const columns = this.#store.batch().columns
    let next = 0
    const inputs = this.#isRead.map(isRead => (isRead ? gatherColumn(device, arena, columns[next++]!, indices, rows) : undefined))
    this.#joined.update(numbersAt(device, arena, this.#firedOf), inputs, rows, fired, { first: 0n, rows: 0 })
    const results = this.#joined.resultColumns(arena, fired)
    this.#joined.reset()
    this.#firedParts = []
    this.#firedOf = []
    this.#fired = 0
    return results
  }

  // Rows of several windows are kept once: they go on being the same row.
  compact(windows: readonly KeyedWindow[]): void {
    const arena = this.#device.arena()
    try {
      const numbers = [...new Set(partsOf(windows))].sort((a, b) => a - b)
      const places = new Map(numbers.map((part, i) => [part, i]))
      const indices = numbersAt(this.#device, arena, numbers)
      const columns = this.#store.batch().columns.map(column => gatherColumn(this.#device, arena, column, indices, numbers.length))
      const store = new RowStore(this.#device, this.#store.fields)
      store.append({ columns, rowCount: numbers.length })
      this.#store.close()
      this.#store = store
      for (const window of windows) window.parts = window.parts.map(part => places.get(part)!)
    } finally {
      arena.release()
    }
  }
  rowsOf(arena: Arena, windows: readonly KeyedWindow[]): Column[] {
    const parts = partsOf(windows)
    const indices = numbersAt(this.#device, arena, parts)
    const numbers = (of: readonly number[]): Column => {
      const values = arena.allocate(8 * parts.length)
      this.#device.memory.float64s(values, parts.length).set(of)
      return { type: float64, length: parts.length, values, validity: 0 }
    }
    return [...this.#store.batch().columns.map(column => gatherColumn(this.#device, arena, column, indices, parts.length)), numbers(windows.flatMap(window => window.values)), numbers(parts)]
  }
  load(rows: number, columns: readonly Column[], windows: readonly KeyedWindow[], counts: readonly number[]): void {
    const device = this.#device
    const [values, parts] = columns.slice(-2).map(column => device.memory.float64s(column.values, rows).slice()) as [Float64Array, Float64Array]
    // Rows go on in the order in which they came.
    const order = Array.from(parts.keys()).sort((a, b) => parts[a]! - parts[b]!)
    const places = new Map(order.map((row, place) => [row, this.#store.rowCount + place]))
    let next = 0
    windows.forEach((window, i) => {
      const own = Array.from({ length: counts[i]! }, () => next++)
      window.parts = own.map(row => places.get(row)!)
      window.values = own.map(row => values[row]!)
    })
    const arena = device.arena()
    try {
      const indices = numbersAt(device, arena, order)
      if (rows > 0) this.#store.append({ columns: columns.slice(0, -2).map(column => gatherColumn(device, arena, column, indices, rows)), rowCount: rows })
    } finally {
      arena.release()
    }
  }
  close(): void {
    this.#store.close()
    this.#joined.close()
  }
}

// Which values an evictor leaves, by place. Rows without a value stay.
function staying(evictor: Evictor, values: readonly number[]): (value: number, place: number) => boolean {
  if ('rows' in evictor) return (_, place) => place >= values.length - evictor.rows
  if ('lastMs' in evictor) {
    const cut = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY) - evictor.lastMs
    return value => value > cut
  }
  const last = values.at(-1)!
  return value => !(Math.abs(value - last) >= evictor.delta)
}
