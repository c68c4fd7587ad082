// Values of any type to dense numbers and back, by their equal form.
import type { Column } from '../batch/batch.ts'
import { type DataType, isNested } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { gatherColumn, ownViews, rowNumbers } from './gather.ts'
import { GrowingColumn } from './growing-column.ts'
import { formDictionary, type KeyDictionary } from './key-dictionary.ts'
import { equalForm, equalType, fromForm } from './key-form.ts'
import type { OwnedMemory } from './owned-memory.ts'

/** A dictionary for values of `type`. */
export function keyDictionary(device: Device, memory: OwnedMemory, type: DataType): KeyDictionary {
  if (type.kind === 'timestamp' || equalType(type) === type) return formDictionary(device, memory, type)
  return isNested(type) ? new NestedDictionary(device, memory, type) : new FlatDictionary(device, memory, type)
}

/** Flat values, which their forms give back. */
class FlatDictionary implements KeyDictionary {
  readonly #device: Device
  readonly #type: DataType
  readonly #forms: KeyDictionary
  constructor(device: Device, memory: OwnedMemory, type: DataType) {
    this.#device = device
    this.#type = type
    this.#forms = formDictionary(device, memory, equalType(type))
  }
  get count(): number {
    return this.#forms.count
  }
  find(arena: Arena, column: Column, gids: number): void {
    this.#forms.find(arena, equalForm(this.#device, arena, column), gids)
  }
  lookup(arena: Arena, column: Column, gids: number): void {
    this.#forms.lookup(arena, equalForm(this.#device, arena, column), gids)
  }
  keys(arena: Arena): Column {
    return fromForm(this.#device, arena, this.#forms.keys(arena), this.#type)
  }
  reset(): void {
    this.#forms.reset()
  }
  close(): void {
    this.#forms.close()
  }
}

/** Lists, structs and maps: by their bytes, which don't give them back, so that the first row of each value is kept. */
class NestedDictionary implements KeyDictionary {
  readonly #device: Device
  readonly #forms: KeyDictionary
  readonly #firsts: GrowingColumn
  constructor(device: Device, memory: OwnedMemory, type: DataType) {
    this.#device = device
    this.#forms = formDictionary(device, memory, equalType(type))
    this.#firsts = new GrowingColumn(device, memory, type)
  }
  get count(): number {
    return this.#forms.count
  }

  find(arena: Arena, column: Column, gids: number): void {
    const before = this.count
    this.#forms.find(arena, equalForm(this.#device, arena, column), gids)
    const found = this.count - before
    if (found === 0) return
    const rows = arena.allocate(4 * found)
    const [numbers, firsts] = [this.#device.memory.uint32s(gids, column.length), this.#device.memory.uint32s(rows, found)]
    // Numbers are given in order of first sight.
    for (let row = 0, next = 0; next < found; row++) if (numbers[row] === before + next) firsts[next++] = row
    this.#firsts.append(gatherColumn(this.#device, arena, column, rows, found))
  }

  lookup(arena: Arena, column: Column, gids: number): void {
    this.#forms.lookup(arena, equalForm(this.#device, arena, column), gids)
  }

  keys(arena: Arena): Column {
    const { count } = this
    const out = gatherColumn(this.#device, arena, this.#firsts.column(), rowNumbers(this.#device, arena, count), count)
    ownViews(this.#device, arena, out)
    return out
  }
  reset(): void {
    this.#forms.reset()
    this.#firsts.clear()
  }
  close(): void {
    this.#forms.close()
    this.#firsts.clear()
  }
}
