// Numbers for the texts of keys on their way into blocks (row-block.ts): a dictionary for each key column that the blocks of one thread share, so that
// keys of texts fit into a word, and a block holds 4 bytes of a text and not 16.
import { alteredColumn, type Column, withCodes } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { keyDictionary } from './any-key-dictionary.ts'
import type { KeyDictionary } from './key-dictionary.ts'
import { sharedCodes } from './key-pack.ts'
import { OwnedMemory } from './owned-memory.ts'

/** Distinct values of a key beyond which it gets no numbers: entering and copying them would cost more than numbers save. */
export const numbersMax = 1 << 17
/** What is known of one key. */
interface Known {
  readonly dictionary: KeyDictionary
  readonly memory: OwnedMemory
  /** The entries as blocks have them, in an arena of their own. */
  entries: Column | undefined
  arena: Arena | undefined
}

/** Numbers the texts of key columns. Owns its memory until `close`; the dictionaries that columns came back with live as long as their arenas are held. */
export class KeyNumbers {
  readonly #device: Device
  readonly #known: (Known | undefined)[]

  /** `types` are those of the keys. */
  constructor(device: Device, types: readonly DataType[]) {
    this.#device = device
    this.#known = types.map(type => {
      if (type.kind !== 'utf8' && type.kind !== 'binary') return undefined
      const memory = new OwnedMemory(device)
      return { dictionary: keyDictionary(device, memory, type), memory, entries: undefined, arena: undefined }
    })
  }

  /**
   * The same columns, those of texts with codes in `arena` by one dictionary; where more than `distinctMax` are distinct, they stay as they are, for good. `batches`:
   * the key columns of each batch. Cost: 2 ns a text that has codes already, 5 to 20 ns one that hasn't.
   */
  number(arena: Arena, batches: readonly (readonly Column[])[], distinctMax = numbersMax): Column[][] {
    const numbered = this.#known.map((_, i) => this.#numberKey(arena, i, batches.map(columns => columns[i]!), distinctMax))
    return batches.map((_, b) => numbered.map(columns => columns[b]!))
  }

  close(): void {
    this.#known.forEach((_, i) => this.#forget(i))
  }

  #numberKey(arena: Arena, i: number, columns: readonly Column[], distinctMax: number): readonly Column[] {
    const known = this.#known[i]
    if (!known || sharedCodes(columns)) return columns
    const { dictionary } = known
    const codes: number[] = []
    for (const column of columns) {
      const values = arena.allocate(4 * column.length)
      // What lies behind a null is an empty text, which does no harm in the dictionary.
      dictionary.find(arena, column.validity === 0 ? column : alteredColumn(column, { validity: 0 }), values)
      if (dictionary.count > Math.min(numbersMax, distinctMax)) {
        this.#forget(i)
        return columns
      }
      codes.push(values)
    }
    const entries = this.#entriesOf(known)
    const home = known.arena!.address
    return columns.map((column, b) => withCodes(column, { values: codes[b]!, dictionary: entries, arena: home }))
  }

  // Copied again only where there are new ones.
  #entriesOf(known: Known): Column {
    const { dictionary, entries } = known
    if (entries && entries.length === dictionary.count) return entries
    const arena = this.#device.arena()
    const { type, length, values } = dictionary.keys(arena)
    known.arena?.release()
    known.arena = arena
    known.entries = { type, length, values, validity: 0 }
    return known.entries
  }

  #forget(i: number): void {
    const known = this.#known[i]
    known?.arena?.release()
    known?.memory.close()
    this.#known[i] = undefined
  }
}
