// A group-by whose keys hardly repeat: the partial step (group-by.ts) passes rows on as blocks sorted by parts of the key hash instead of aggregating them, and the
// final step aggregates them part by part, each in a table that fits into the cache.
import { keyGroupRange } from '../base/hash.ts'
import { assert } from '../base/errors.ts'
import { type Batch, type Column, releaseBatch, retainBatch } from '../batch/batch.ts'
import { int64 } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import { noPlaces, type RowPlaces } from '../compute/aggregate-contract.ts'
import { type Accumulators, createAccumulators } from '../compute/accumulators.ts'
import { GroupTable } from '../compute/group-table.ts'
import { JoinedBlocks } from '../compute/joined-blocks.ts'
import { joinBlockPacks } from '../compute/joined-packs.ts'
import { KeyNumbers } from '../compute/key-numbers.ts'
import { type KeyPack, packKeys, samePack, unpackKeys } from '../compute/key-pack.ts'
import { blockRows, buildBlock, canJoin, partRange, partsPerGroup, readBlock, type RowBlock, sliceColumns, writeBlock } from '../compute/row-block.ts'
import { WordTable } from '../compute/word-table.ts'
import { type Arena, releaseArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { AggregateShape } from './group-by.ts'
import type { OperatorContext, Output } from './operator.ts'

/** Groups after which the final step emits. */
const emitRows = 65_536
/** Rows that go through the table at once. */
const sliceRows = 16_384

/** So many distinct texts a key may have however few rows came, and get numbers. */
const distinctMin = 1_024

/** A batch that waits for its block, and where its rows stand. */
interface Pending {
  readonly batch: Batch
  readonly place: bigint
}

/** The partial step's half: collects rows until they make a block. */
export class BlockWriter {
  readonly #context: OperatorContext
  readonly #shape: AggregateShape
  /** The positions of the columns that go along, each once. */
  readonly #lanes: readonly number[]
  readonly #ordered: boolean
  readonly #numbers: KeyNumbers
  #pending: Pending[] = []
  #rows = 0
  #rowsSeen = 0
  /** `ordered`: aggregates look at the places of rows. */
  constructor(context: OperatorContext, shape: AggregateShape, ordered: boolean) {
    this.#context = context
    this.#shape = shape
    this.#lanes = [...new Set(shape.inputs!.filter(at => at >= 0))]
    this.#ordered = ordered
    this.#numbers = new KeyNumbers(context.device, shape.keys.map(key => key.type))
  }

  /** Takes a batch; `place` is where its first row stands. */
  push(batch: Batch, place: bigint, out: Output): void {
    this.#pending.push({ batch: retainBatch(this.#context.device, batch), place })
    this.#rows += batch.rowCount
    this.#rowsSeen += batch.rowCount
    if (this.#isAlone(batch) || this.#rows >= blockRows) this.flush(out)
  }

  // Whether a batch makes a block of its own: then numbers of texts would cost more than they save.
  #isAlone(batch: Batch): boolean {
    return this.#ordered || !canJoin([...this.#shape.keyAt!, ...this.#lanes].map(at => batch.columns[at]!))
  }

  /** Emits what was collected. */
  flush(out: Output): void {
    if (this.#rows === 0) return
    const { device, arena } = this.#context
    const keys = this.#pending.map(({ batch }) => this.#shape.keyAt!.map(at => batch.columns[at]!))
    const scratch = device.arena()
    try {
      const numbered = this.#isAlone(this.#pending[0]!.batch) ? keys : this.#numbers.number(scratch, keys, Math.max(distinctMin, this.#rowsSeen / 2))
      const inputs = this.#pending.map(({ batch, place }, i) => ({
        keys: numbered[i]!,
        values: this.#lanes.map(at => batch.columns[at]!),
        rowCount: batch.rowCount,
        ...(this.#ordered && { place }),
      }))
      const block = { ...buildBlock(device, inputs, 'rows'), inputs: this.#shape.inputs!.map(at => this.#lanes.indexOf(at)) }
      arena.hold(block.arena)
      const rowCount = this.#rows
      this.#releasePending()
      out.emit({ fields: this.#shape.partial, rowCount, columns: [], arena: arena.address, block: writeBlock(device, arena, block) })
    } finally {
      scratch.release()
    }
  }

  /** The rows that no block has yet; they are the caller's to release. */
  takePending(): Pending[] {
    this.#rows = 0
    return this.#pending.splice(0)
  }

  close(): void {
    this.#releasePending()
    this.#numbers.close()
  }

  #releasePending(): void {
    for (const { batch } of this.takePending()) releaseBatch(this.#context.device, batch)
  }
}

/** Where keys become group numbers: a table of the keys, or of packed words. */
interface Groups {
  readonly groupCount: number
  /** Begins a part, which shares no keys with earlier ones. */
  begin(rows: number): void
  find(arena: Arena, keys: readonly Column[], rows: number): number
  keyColumns(arena: Arena): Column[]
  reset(): void
  close(): void
}

interface Work {
  readonly groups: Groups
  readonly accumulators: Accumulators
  /** Set where keys are grouped as packed words. */
  readonly pack: KeyPack | undefined
  /** Blocks whose parts can be read as one, and those that are read one by one. */
  readonly joined: JoinedBlocks
  readonly inputs: readonly number[]
  readonly single: readonly RowBlock[]
}

/** The final step's half: keeps blocks, and aggregates them at the end, part by part. */
export class BlockMerger {
  readonly #context: OperatorContext
  readonly #shape: AggregateShape
  #blocks: RowBlock[] = []
  readonly #numbers: KeyNumbers
  /** Where dictionaries live that several blocks share: as long as these, and results made of them. */
  #dictionaries: Arena | undefined
  /** The parts that are left, [next, end). */
  #next: number
  readonly #end: number
  #work: Work | undefined
  constructor(context: OperatorContext, shape: AggregateShape) {
    this.#context = context
    this.#shape = shape
    this.#numbers = new KeyNumbers(context.device, shape.keys.map(key => key.type))
    const { start, end } = keyGroupRange(context.instance, context.parallelism)
    this.#next = start * partsPerGroup
    this.#end = end * partsPerGroup
  }

  /** Takes the block of a batch. */
  add(batch: Batch): void {
    assert(batch.block !== undefined && !this.#work, 'a block came after the end')
    this.#blocks.push(readBlock(this.#context.device, batch.block))
  }

  /** Bytes of this instance's part of the blocks. */
  get bytes(): number {
    return this.#blocks.reduce((sum, block) => sum + block.bytes, 0) / this.#context.parallelism
  }

  /** Takes rows of keys and partial states, which are copied. */
  addStates({ columns, rowCount }: Batch): void {
    const { device } = this.#context
    const keyCount = this.#shape.keys.length
    const scratch = device.arena()
    try {
      const [keys] = this.#numbers.number(scratch, [columns.slice(0, keyCount)])
      this.#blocks.push(buildBlock(device, [{ keys: keys!, values: columns.slice(keyCount), rowCount }], 'states'))
    } finally {
      scratch.release()
    }
  }

  /** Emits the groups of the next parts; true where there are more. */
  drain(out: Output): boolean {
    if (this.#next === this.#end) return false
    const { arena } = this.#context
    const { groups, accumulators } = this.#begin()
    while (this.#next < this.#end && groups.groupCount < emitRows) this.#aggregate(this.#next++)
    const rowCount = groups.groupCount
    if (rowCount > 0) out.emit({ fields: this.#shape.results!, rowCount, columns: [...groups.keyColumns(arena), ...accumulators.resultColumns(arena, rowCount)], arena: arena.address })
    this.#forget()
    if (this.#next === this.#end) this.close()
    return this.#next < this.#end
  }

  /** The states of the groups of each key group that has any, valid until the next. The blocks stay. */
  *states(): Generator<{ group: number; states: Batch }> {
    if (this.#blocks.length === 0) return
    const { groups, accumulators } = this.#begin()
    for (let part = this.#next; part < this.#end; part += partsPerGroup) {
      const arena = this.#context.device.arena()
      try {
        for (let i = 0; i < partsPerGroup; i++) this.#aggregate(part + i)
        const rowCount = groups.groupCount
        const columns = [...groups.keyColumns(arena), ...accumulators.partialColumns(arena, rowCount)]
        if (rowCount > 0) yield { group: part / partsPerGroup, states: { fields: this.#shape.partial, rowCount, columns, arena: arena.address } }
      } finally {
        this.#forget()
        arena.release()
      }
    }
    this.#endWork()
  }

  /** A run for each key group. */
  snapshot(): StateRun[] {
    return Array.from(this.states(), ({ group, states }) => ({ table: 'groups', keyGroups: { start: group, end: group + 1 }, bytes: encodeRun(this.#context.device, states) }))
  }

  close(): void {
    for (const block of this.#blocks.splice(0)) releaseArena(this.#context.device, block.arena)
    this.#endWork()
    this.#numbers.close()
    this.#dictionaries?.release()
    this.#dictionaries = undefined
  }

  // Packed words are grouped as such where those of all blocks can mean the same.
  #begin(): Work {
    if (this.#work) return this.#work
    const { device } = this.#context
    const { keys, specs } = this.#shape
    this.#dictionaries ??= device.arena()
    const packed = joinBlockPacks(device, this.#dictionaries, this.#blocks, this.#next, this.#end)
    if (packed) this.#blocks = [...packed.blocks]
    const pack = packed?.pack
    const canBeRead = (block: RowBlock) => block.holds === 'rows' && !block.place && canJoin(block.values) && (pack ? samePack(block.pack!, pack) : !block.pack && canJoin(block.keys))
    const together = this.#blocks.filter(canBeRead)
    this.#work = {
      groups: pack ? packedGroups(device, keys, pack) : plainGroups(device, keys),
      accumulators: createAccumulators(device, specs),
      pack,
      joined: new JoinedBlocks(device, together),
      inputs: together[0]?.inputs ?? [],
      single: this.#blocks.filter(block => !together.includes(block)),
    }
    return this.#work
  }

  #endWork(): void {
    this.#work?.groups.close()
    this.#work?.accumulators.close()
    this.#work?.joined.close()
    this.#work = undefined
  }

  #forget(): void {
    this.#work?.groups.reset()
    this.#work?.accumulators.reset()
  }

  #aggregate(part: number): void {
    const { device } = this.#context
    const { groups, joined, single, inputs } = this.#work!
    const rows = joined.rowCount(part)
    const ranges = single.map(block => partRange(device, block, part))
    groups.begin(ranges.reduce((sum, { count }) => sum + count, rows))
    const arena = device.arena()
    try {
      const { keys, values } = joined.columns(arena, part, rows)
      for (let at = 0; at < rows; at += sliceRows) {
        const count = Math.min(sliceRows, rows - at)
        this.#update(arena, sliceColumns(keys, at, count), sliceColumns(values, at, count), inputs, count, noPlaces)
      }
    } finally {
      arena.release()
    }
    single.forEach((block, i) => this.#takeSingle(block, ranges[i]!.start, ranges[i]!.count))
  }

  #update(arena: Arena, keys: readonly Column[], values: readonly Column[], inputs: readonly number[], rows: number, places: RowPlaces): void {
    const { groups, accumulators } = this.#work!
    const gids = groups.find(arena, keys, rows)
    accumulators.update(gids, inputs.map(lane => values[lane]), rows, groups.groupCount, places)
  }

  #takeSingle(block: RowBlock, first: number, rows: number): void {
    const { groups, accumulators, pack } = this.#work!
    for (let at = 0; at < rows; at += sliceRows) {
      const arena = this.#context.device.arena()
      try {
        const [start, count] = [first + at, Math.min(sliceRows, rows - at)]
        const keys = this.#keysOf(arena, block, pack, sliceColumns(block.keys, start, count), count)
        const values = sliceColumns(block.values, start, count)
        const places = block.place ? { first: BigInt(block.place.first), rows: block.place.rows + 4 * start } : noPlaces
        if (block.holds === 'rows') this.#update(arena, keys, values, block.inputs!, count, places)
        else accumulators.merge(groups.find(arena, keys, count), values, count, groups.groupCount)
      } finally {
        arena.release()
      }
    }
  }

  // A block's keys as the groups take them.
  #keysOf(arena: Arena, { pack: own }: RowBlock, pack: KeyPack | undefined, keys: Column[], rows: number): Column[] {
    if (own && pack && samePack(own, pack)) return keys
    const { device } = this.#context
    const columns = own ? unpackKeys(device, arena, own, this.#shape.keys, keys[0]!.values, rows) : keys
    return pack ? [{ type: int64, length: rows, values: packKeys(device, arena, pack, columns, rows), validity: 0 }] : columns
  }
}

function plainGroups(device: Device, keys: readonly Field[]): Groups {
  const table = new GroupTable(device, keys)
  return {
    get groupCount() {
      return table.groupCount
    },
    begin: () => {},
    find: (arena, columns, rows) => table.find(arena, columns, rows),
    keyColumns: arena => table.keyColumns(arena),
    reset: () => table.reset(),
    close: () => table.close(),
  }
}

function packedGroups(device: Device, keys: readonly Field[], pack: KeyPack): Groups {
  const table = new WordTable(device)
  return {
    get groupCount() {
      return table.groupCount
    },
    begin: rows => table.begin(rows),
    find: (arena, [words], rows) => table.find(arena, words!.values, rows),
    keyColumns: arena => unpackKeys(device, arena, pack, keys, table.words, table.groupCount),
    reset: () => table.reset(),
    close: () => table.close(),
  }
}
