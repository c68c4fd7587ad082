// Numbers for the texts of a scan's columns that mean the same in all row groups that one thread reads, although each has a dictionary of its own in the file: so that
// who groups by them goes on from one row group to the next.
import type { Codes, Column } from '../../batch/batch.ts'
import type { DataType } from '../../batch/data-type.ts'
import { keyDictionary } from '../../compute/any-key-dictionary.ts'
import type { KeyDictionary } from '../../compute/key-dictionary.ts'
import { OwnedMemory } from '../../compute/owned-memory.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'

/** A dictionary for several row groups may have so many entries, or twice as many as the row group at hand: more would only be in the way. */
const sharedMax = 256

/** The dictionary of a column so far, in an arena of its own, which whoever uses it holds. */
export type Texts = Pick<Codes, 'dictionary'> & { readonly arena: number }

/** The dictionaries of one column. */
export class ColumnTexts {
  readonly #device: Device
  readonly #memory: OwnedMemory
  readonly #dictionary: KeyDictionary
  #arena: Arena | undefined
  #texts: Texts | undefined

  /** `type` is utf8 or binary. */
  constructor(device: Device, type: DataType) {
    this.#device = device
    this.#memory = new OwnedMemory(device)
    this.#dictionary = keyDictionary(device, this.#memory, type)
  }

  /** Numbers a row group's entries, of which several may be equal: a u32 each at `numbers`, below the length of the dictionary that is returned. Cost: 20 ns an entry. */
  number(entries: Column, numbers: number): Texts {
    const scratch = this.#device.arena()
    try {
      this.#dictionary.find(scratch, entries, numbers)
      if (this.#dictionary.count > Math.max(sharedMax, 2 * entries.length)) {
        this.#dictionary.reset()
        this.#texts = undefined
        this.#dictionary.find(scratch, entries, numbers)
      }
    } finally {
      scratch.release()
    }
    if (this.#texts?.dictionary.length === this.#dictionary.count) return this.#texts
    const arena = this.#device.arena()
    this.#arena?.release()
    this.#arena = arena
    const { type, length, values } = this.#dictionary.keys(arena)
    this.#texts = { dictionary: { type, length, values, validity: 0 }, arena: arena.address }
    return this.#texts
  }

  close(): void {
    this.#arena?.release()
    this.#memory.close()
  }
}

/** The dictionaries of a scan's columns, by their names: of one thread. Close it when the scan has ended there. */
export class ScanTexts {
  readonly #device: Device
  readonly #columns = new Map<string, ColumnTexts>()
  constructor(device: Device) {
    this.#device = device
  }

  /** Those of a column, whose type is always the same. */
  of(name: string, type: DataType): ColumnTexts {
    const key = `${type.kind} ${name}`
    let texts = this.#columns.get(key)
    if (!texts) this.#columns.set(key, (texts = new ColumnTexts(this.#device, type)))
    return texts
  }

  close(): void {
    for (const texts of this.#columns.values()) texts.close()
    this.#columns.clear()
  }
}
