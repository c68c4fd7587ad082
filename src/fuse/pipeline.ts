// A fused pipeline at work: looks at how the columns of a batch lie, has the function for that compiled, and runs it over the rows. What it can't do it leaves
// to its caller, who has the operators that do the same one by one.
import type { Batch, Column } from '../batch/batch.ts'
import type { Field } from '../batch/schema.ts'
import type { AggregateSpec } from '../compute/accumulator.ts'
import { compare } from '../compute/compare.ts'
import { selectRows } from '../compute/compact.ts'
import { OwnedMemory } from '../compute/owned-memory.ts'
import { type Arena, releaseArena, retainArena } from '../device/arena.ts'
import { type Compiled, compiledFunction } from '../device/compiled.ts'
import type { Device } from '../device/device.ts'
import { neverTrue } from '../expr/never-true.ts'
import { columnsRead } from './columns-read.ts'
import { addressOf, type ColumnForm, firstSlot, formOf, formText, marksAt, type Slot, slotsMax as slotsOfArguments } from './columns.ts'
import { bankCount, clearTable, encodeGrouped, entryBytes, fitsTable, keySize } from './grouped.ts'
import type { Encoded } from './iteration.ts'
import { encodeKeyless } from './keyless.ts'
import { marksBytes } from './marked-rows.ts'
import { type FusedProgram, sumBytes, type SumPlan } from './program.ts'
import { clearStates, stateColumns, touchedGroups } from './states.ts'
import { callRows } from './sum-lanes.ts'
import { slotKeys } from './slot-keys.ts'

/** After so many batches that met trouble, no more are tried. */
const troubleMax = 4

/** A function that was compiled for columns of certain forms. */
interface Ready {
  readonly run: Compiled
  readonly slots: readonly Slot[]
  /** Of grouped sums: rows after which the table must be folded. */
  readonly rowsMax: number
}

/** How the values of keys are numbered: the same for all batches until something changes. */
interface Numbering {
  readonly key: string
  readonly columns: readonly Column[]
  readonly forms: readonly ColumnForm[]
  readonly sizes: readonly number[]
  readonly strides: readonly number[]
  readonly slots: number
  readonly capacity: number
  /** Whether the numbers mean the same beyond the batch: their dictionaries are kept, or their arenas may be held. */
  readonly lasts: boolean
}

/** The sums of one program, on one thread. `program`: as text it says all that the function depends on beside the columns' forms. */
export class FusedPipeline {
  readonly #device: Device
  readonly #program: FusedProgram
  readonly #text: string
  readonly #plan: SumPlan
  readonly #specs: readonly AggregateSpec[]
  readonly #keys: readonly Field[]
  readonly #columns: readonly number[]
  /** The columns that conditions read. */
  readonly #filtered: readonly number[]
  /** Their bounds and narrow bits in the batch before, and whether no row within them meets the conditions: batches of one source have mostly the same. */
  readonly #bounds: number[] = []
  #never: boolean | undefined
  readonly #memory: OwnedMemory
  readonly #codes = new Map<string, number>()
  #held: readonly number[] = []
  #args = 0
  #state = 0
  #stateGroups = 0
  #table = 0
  #numbering: Numbering | undefined
  #rowsInTable = 0
  #rows = 0
  #tableBytes = 0
  #troubles = 0
  /** By the columns' forms and the groups' capacity. */
  readonly #ready = new Map<string, Ready | undefined>()
  /** The function that last added to the table, which any function for as many slots can fold. */
  #folder: Compiled | undefined
  constructor(device: Device, program: FusedProgram, plan: SumPlan, text: string, specs: readonly AggregateSpec[], keys: readonly Field[]) {
    this.#device = device
    this.#program = program
    this.#text = text
    this.#plan = plan
    this.#specs = specs
    this.#keys = keys
    this.#columns = columnsRead(program)
    this.#filtered = columnsRead({ ...program, keys: [], aggregates: [] })
    this.#memory = new OwnedMemory(device)
  }

  /** Rows that were taken and not flushed. */
  get rows(): number {
    return this.#rows
  }

  /** Takes rows from the batch's beginning, and says how many: all, or fewer (a multiple of 64), where the interpreter must do the rest. */
  take(batch: Batch, flush: () => void): number {
    if (this.#isNever(batch.columns)) return batch.rowCount
    if (this.#troubles >= troubleMax) return 0
    const forms = this.#formsOf(batch)
    const numbering = this.#numberingOf(batch, forms)
    if (this.#program.keys.length > 0 && !numbering) return 0
    if (numbering && this.#numbering?.key !== numbering.key) {
      flush()
      this.#begin(numbering)
    } else if (!numbering && this.#state === 0) this.#begin(undefined)
    const ready = this.#readyFor(forms, numbering)
    if (!ready) return 0
    const taken = this.#run(ready, batch, numbering)
    this.#rows += taken
    // Numbers of a dictionary that dies with its batch mean nothing later.
    if (numbering && !numbering.lasts) flush()
    return taken
  }

  /** The states of all groups that rows came to, as columns: keys, then states. Starts again. */
  flush(arena: Arena): { columns: Column[]; rowCount: number } {
    const device = this.#device
    const { sums } = this.#plan
    const numbering = this.#numbering
    if (numbering && this.#rowsInTable > 0) this.#fold(numbering)
    const groups = numbering ? touchedGroups(device, sums, this.#state, numbering.slots) : [0]
    const keys = numbering ? slotKeys(device, arena, this.#keys, numbering, groups) : []
    const columns = [...keys, ...stateColumns(device, arena, this.#plan, this.#specs, this.#state, groups)]
    clearStates(device, sums, this.#state, this.#stateGroups)
    this.#rows = 0
    return { columns, rowCount: groups.length }
  }

  close(): void {
    this.#hold([])
    this.#memory.close()
  }

  #isNever(columns: readonly Column[]): boolean {
    let same = this.#never !== undefined
    for (let i = 0; i < this.#filtered.length; i++) {
      const { range, narrow } = columns[this.#filtered[i]!]!
      const [least, most, bits] = [range?.min ?? Number.NEGATIVE_INFINITY, range?.max ?? Number.POSITIVE_INFINITY, narrow?.bits ?? 0]
      same &&= this.#bounds[3 * i] === least && this.#bounds[3 * i + 1] === most && this.#bounds[3 * i + 2] === bits
      this.#bounds[3 * i] = least
      this.#bounds[3 * i + 1] = most
      this.#bounds[3 * i + 2] = bits
    }
    if (!same) this.#never = neverTrue(this.#program.conditions, columns)
    return this.#never!
  }

  #formsOf({ columns }: Batch): (ColumnForm | undefined)[] {
    const forms: (ColumnForm | undefined)[] = []
    for (const at of this.#columns) forms[at] = formOf(columns[at]!)
    return forms
  }

  #numberingOf({ columns }: Batch, forms: readonly (ColumnForm | undefined)[]): Numbering | undefined {
    const { keys } = this.#program
    if (keys.length === 0) return undefined
    const sizes = keys.map(key => keySize(forms[key], columns[key]!.codes?.dictionary.length ?? 0))
    if (sizes.some(size => size === undefined)) return undefined
    const strides: number[] = []
    let slots = 1
    for (const size of sizes) {
      strides.push(slots)
      slots *= Math.max(1, size!)
    }
    if (!fitsTable(this.#plan.sums, slots)) return undefined
    const own = keys.map(key => columns[key]!)
    const key = keys.map((at, i) => `${formText(forms[at])} ${sizes[i]} ${own[i]!.codes?.dictionary.values ?? 0}`).join()
    const lasts = own.every((column, i) => !forms[keys[i]!]!.codes || column.codes!.kept === true || column.codes!.arena !== undefined)
    return { key, columns: own, forms: keys.map(at => forms[at]!), sizes: sizes as number[], strides, slots, capacity: 2 ** Math.ceil(Math.log2(slots + 1)), lasts }
  }

  #begin(numbering: Numbering | undefined): void {
    const { sums } = this.#plan
    this.#numbering = numbering
    this.#hold(numbering?.columns ?? [])
    const groups = numbering?.capacity ?? 1
    if (groups > this.#stateGroups) {
      this.#memory.free(this.#state, this.#stateGroups * sums.length * sumBytes)
      this.#state = this.#memory.allocate(groups * sums.length * sumBytes)
      this.#stateGroups = groups
    }
    clearStates(this.#device, sums, this.#state, this.#stateGroups)
    if (!numbering) return
    if (this.#table !== 0) this.#memory.free(this.#table, this.#tableBytes)
    this.#tableBytes = bankCount(numbering.capacity) * numbering.capacity * entryBytes(sums)
    this.#table = this.#memory.allocate(this.#tableBytes)
    clearTable(this.#device, sums, this.#table, bankCount(numbering.capacity) * numbering.capacity)
  }

  // While their arenas are held, the dictionaries of keys stay where they are, and nothing else comes there.
  #hold(keys: readonly Column[]): void {
    const before = this.#held
    this.#held = keys.flatMap(({ codes }) => (codes && !codes.kept && codes.arena !== undefined ? [codes.arena] : []))
    for (const arena of this.#held) retainArena(this.#device, arena)
    for (const arena of before) releaseArena(this.#device, arena)
  }

  #readyFor(forms: readonly (ColumnForm | undefined)[], numbering: Numbering | undefined): Ready | undefined {
    const key = `${this.#columns.map(at => formText(forms[at])).join()} ${numbering?.capacity ?? ''}`
    if (!this.#ready.has(key)) this.#ready.set(key, this.#compile(`${this.#text} ${key}`, forms, numbering))
    return this.#ready.get(key)
  }

  #compile(key: string, forms: readonly (ColumnForm | undefined)[], numbering: Numbering | undefined): Ready | undefined {
    const made = compiledFunction<Encoded & { readonly rowsMax?: number }>(this.#device, key, () => {
      const about = numbering ? encodeGrouped(this.#program, this.#plan, forms, numbering.capacity) : encodeKeyless(this.#program, this.#plan, forms)
      return about && { module: about.module, about }
    })
    if (!made || made.about.slots.length > slotsOfArguments) return undefined
    const { slots, rowsMax = callRows } = made.about
    return { run: made.run, slots, rowsMax }
  }

  // Calls of up to `callRows` rows each.
  #run({ run, slots, rowsMax }: Ready, batch: Batch, numbering: Numbering | undefined): number {
    const values = this.#argumentsOf(slots, batch, numbering)
    const step = Math.min(callRows, rowsMax - (rowsMax % 64))
    for (let start = 0; start < batch.rowCount; start += step) {
      const rows = Math.min(step, batch.rowCount - start)
      if (numbering && this.#rowsInTable + rows > rowsMax) this.#fold(numbering)
      const words = this.#device.memory.uint32s(this.#args, firstSlot + slots.length)
      words[0] = rows
      words[1] = this.#state
      words[2] = this.#table
      words[3] = numbering?.slots ?? 0
      words[4] = 0
      for (let i = 0; i < values.length; i++) words[firstSlot + i] = values[i]!.value + (start / 8) * values[i]!.rowBits
      if (run(this.#args) !== 0) {
        this.#troubles++
        return start
      }
      this.#rowsInTable += rows
      this.#folder = run
    }
    return batch.rowCount
  }

  #fold(numbering: Numbering): void {
    const words = this.#device.memory.uint32s(this.#args, firstSlot)
    words.set([0, this.#state, this.#table, numbering.slots, 1])
    this.#folder!(this.#args)
    this.#rowsInTable = 0
  }

  // What each slot holds, and by how many bits a row moves it on.
  #argumentsOf(slots: readonly Slot[], batch: Batch, numbering: Numbering | undefined): { value: number; rowBits: number }[] {
    if (this.#args === 0) this.#args = this.#memory.allocate(marksAt + marksBytes)
    return slots.map(slot => {
      if (slot.kind === 'stride') return { value: numbering!.strides[slot.key]!, rowBits: 0 }
      if (slot.kind === 'null') return { value: numbering!.strides[slot.key]! * (numbering!.sizes[slot.key]! - 1), rowBits: 0 }
      const column = batch.columns[slot.column]!
      if (slot.kind === 'code') return { value: this.#codeOf(column, slot.text), rowBits: 0 }
      if (slot.kind === 'validity') return { value: column.validity, rowBits: 1 }
      return { value: addressOf(column), rowBits: formOf(column)!.bits }
    })
  }

  // The code of a text among a column's, as 32 bits; all ones where it has none.
  #codeOf(column: Column, text: string): number {
    const { dictionary, kept } = column.codes!
    const key = `${dictionary.values} ${dictionary.length} ${text}`
    const known = this.#codes.get(key)
    if (known !== undefined) return known
    const code = findText(this.#device, dictionary, text)
    if (kept) this.#codes.set(key, code)
    return code
  }
}

function findText(device: Device, dictionary: Column, text: string): number {
  if (dictionary.length === 0) return 0xffff_ffff
  const arena = device.arena()
  try {
    const equal = compare(device, arena, 'eq', dictionary, { type: dictionary.type, value: text })
    const { indices, rows } = selectRows(device, arena, equal.values, dictionary.length)
    return rows === 0 ? 0xffff_ffff : device.memory.uint32s(indices, 1)[0]!
  } finally {
    arena.release()
  }
}
