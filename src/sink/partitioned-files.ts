// A directory whose files lie in folders by the values of columns. Rows are held as they came until they are many; then those of each partition
// are put behind its file, one partition after the other. So a single file and encoder are open at a time, however many partitions there are, and
// a partition has one file an epoch.
import { join } from 'node:path'
import { DataError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { nextTurn } from '../base/turn.ts'
import { type Batch, type Column, releaseBatch, retainBatch } from '../batch/batch.ts'
import type { BatchView } from '../batch/batch-view.ts'
import { valueReader } from '../batch/read-values.ts'
import { columnIndex, type Fields } from '../batch/schema.ts'
import { gatherBatch } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { arenaBytes } from '../device/arena.ts'
import { pageBytes } from '../device/pages.ts'
import { partitionSegment, partitionText, segmentBytesMax } from '../format/partition-path.ts'
import { FileMoves } from './file-moves.ts'
import { FileOutput } from './file-output.ts'
import type { FileSinkFormat, FileSinkOptions } from './files.ts'
import { endingOf, type Part, PartDirectory } from './part-directory.ts'
import type { OutputCalls } from './output-calls.ts'
import type { SinkContext, SinkWriter } from './sink.ts'

/** Rows, and bytes of the batches they came in, that are held at most; of a small memory an eighth. */
const heldRowsMax = 1 << 20
const heldBytesMax = 64 << 20
const heldShare = 1 / 8
/** Partitions of one epoch at most: more folders than this are a column that doesn't repeat. */
const partitionsMax = 10_000
const turnMs = 8
/** Finished files that are made durable at a time, and open until then. */
const syncsMax = 16

/** A file of this epoch: what an encoder needs to go on with it. */
interface PartitionFile extends Part {
  isThere: boolean
  bytes: number
  state: Json | undefined
}

interface Held {
  readonly batch: Batch
  /** The partition of each row, and the rows of each partition in order: those of partition p from starts[p] to starts[p + 1]. */
  readonly rows: Uint32Array
  readonly starts: Uint32Array
}

/** The writer of partitions. */
export class PartitionedFiles<O extends FileSinkOptions> implements SinkWriter {
  readonly #format: FileSinkFormat<O>
  readonly #context: SinkContext
  readonly #options: O
  readonly #calls: OutputCalls
  readonly #directory: PartDirectory
  readonly #keyAt: readonly number[]
  readonly #restAt: readonly number[]
  readonly #rest: Fields
  #table: GroupTable | undefined
  readonly #files: PartitionFile[] = []
  #held: Held[] = []
  #heldRows = 0
  readonly #arenas = new Set<number>()
  #heldBytes = 0
  readonly #heldBytesMax: number

  constructor(format: FileSinkFormat<O>, context: SinkContext, options: O, calls: OutputCalls) {
    this.#format = format
    this.#context = context
    this.#options = options
    this.#calls = calls
    this.#directory = new PartDirectory(context, options, endingOf(format, options), calls)
    const { fields, where } = context
    this.#heldBytesMax = Math.min(heldBytesMax, context.device.pages.limit() * pageBytes * heldShare)
    this.#keyAt = options.partitionBy!.map(name => columnIndex(fields, name, where))
    this.#restAt = fields.flatMap((_, i) => (this.#keyAt.includes(i) ? [] : [i]))
    this.#rest = this.#restAt.map(i => fields[i]!)
  }

  begin(): Promise<void> {
    return this.#directory.begin()
  }

  async write({ batch }: BatchView, at: { epoch: number }): Promise<void> {
    if (batch.rowCount === 0) return
    const { device, fields } = this.#context
    this.#table ??= new GroupTable(device, this.#keyAt.map(i => fields[i]!))
    const scratch = device.arena()
    try {
      const keys = this.#keyAt.map(i => batch.columns[i]!)
      const found = device.memory.uint32s(this.#table.find(scratch, keys, batch.rowCount), batch.rowCount)
      this.#name(keys, found, at.epoch)
      this.#held.push({ batch: retainBatch(device, batch), ...sortedByPartition(found, this.#files.length) })
    } finally {
      scratch.release()
    }
    this.#heldRows += batch.rowCount
    if (!this.#arenas.has(batch.arena) && batch.arena !== 0) this.#heldBytes += arenaBytes(device, batch.arena)
    this.#arenas.add(batch.arena)
    if (this.#heldRows >= heldRowsMax || this.#heldBytes >= this.#heldBytesMax) await this.#writeHeld(false)
  }

  async prepare(): Promise<Json> {
    await this.#writeHeld(true)
    const parts = this.#files.splice(0).map(({ temp, final }) => ({ temp, final }))
    this.#table?.close()
    this.#table = undefined
    return this.#directory.handle(parts)
  }

  commit(_epoch: number, handle: Json): Promise<void> {
    return this.#directory.commit(handle)
  }

  async close(): Promise<void> {
    this.#release()
    this.#table?.close()
    this.#table = undefined
    for (const { temp, isThere } of this.#files.splice(0)) if (isThere) await new FileMoves(this.#calls, this.#context.where).remove(join(this.#directory.path, temp))
    await this.#directory.leave()
  }

  // Partitions that are seen for the first time get a file.
  #name(keys: readonly Column[], found: Uint32Array, epoch: number): void {
    if (this.#table!.groupCount === this.#files.length) return
    const { device, fields, where } = this.#context
    const read = keys.map(key => valueReader(device.memory, key))
    const folderOf = (row: number) => this.#keyAt.map((i, k) => this.#segment(fields[i]!.name, partitionText(read[k]!(row), fields[i]!.type))).join('/')
    for (let row = 0; row < found.length; row++) {
      const index = this.#files.length
      if (found[row] !== index) continue
      const folder = folderOf(row)
      if (index === partitionsMax)
        throw new DataError('PARTITIONS', `${where}: more than ${partitionsMax} partitions, such as ${folder}; partition by columns with fewer values`)
      this.#files.push({ ...this.#directory.part(epoch, index, `${folder}/`), isThere: false, bytes: 0, state: undefined })
    }
  }

  #segment(name: string, text: string | null): string {
    const segment = partitionSegment(name, text)
    if (Buffer.byteLength(segment) <= segmentBytesMax) return segment
    throw new DataError(
      'PARTITION_VALUE',
      `${this.#context.where}: a value of "${name}" is too long to name a folder: ${segment.slice(0, 40)}… has ${Buffer.byteLength(segment)} bytes, and ${segmentBytesMax} are allowed; partition by another column`,
    )
  }

  // Puts what is held behind the files of its partitions; at the end of the epoch every file is finished and durable.
  async #writeHeld(isLast: boolean): Promise<void> {
    const { clock } = this.#context
    let until = clock.elapsed() + turnMs
    const syncs: Promise<void>[] = []
    try {
      for (const [index, file] of this.#files.entries()) {
        if (isLast || this.#held.some(({ starts }) => index + 1 < starts.length && starts[index]! < starts[index + 1]!)) syncs.push(...this.#writePartition(index, file, isLast))
        if (syncs.length >= syncsMax) await settled(syncs)
        if (clock.elapsed() < until) continue
        await nextTurn()
        until = clock.elapsed() + turnMs
      }
    } finally {
      await settled(syncs)
    }
    this.#release()
  }

  // Gives what is to be waited for where the file is whole.
  #writePartition(index: number, file: PartitionFile, isLast: boolean): Promise<void>[] {
    const { device, where } = this.#context
    const output = new FileOutput(join(this.#directory.path, file.temp), file.isThere ? 'a' : 'w', where, file.bytes, this.#calls)
    file.isThere = true
    try {
      const encoder = this.#format.open(device, this.#rest, this.#options, output, where, file.state)
      try {
        for (const held of this.#held) this.#writeRows(held, index, rows => encoder.write(rows))
        if (isLast) encoder.finish()
        else file.state = encoder.checkpoint()
      } finally {
        encoder.close()
      }
      output.flush()
      file.bytes = output.bytes
      if (!isLast) output.close()
    } catch (thrown) {
      output.abandon()
      throw thrown
    }
    return isLast ? [synced(output)] : []
  }

  #writeRows({ batch, rows, starts }: Held, index: number, write: (rows: Batch) => void): void {
    const [start, end] = [starts[index] ?? 0, starts[index + 1] ?? 0]
    if (start >= end) return
    const { device } = this.#context
    const rest: Batch = { ...batch, fields: this.#rest, columns: this.#restAt.map(i => batch.columns[i]!) }
    if (end - start === batch.rowCount) return write(rest)
    const scratch = device.arena()
    try {
      const indices = scratch.allocate(4 * (end - start))
      device.memory.uint32s(indices, end - start).set(rows.subarray(start, end))
      write(gatherBatch(device, scratch, rest, indices, end - start))
    } finally {
      scratch.release()
    }
  }

  #release(): void {
    for (const { batch } of this.#held.splice(0)) releaseBatch(this.#context.device, batch)
    this.#arenas.clear()
    this.#heldRows = 0
    this.#heldBytes = 0
  }
}

// Made durable and closed. Whoever is given the promise may look at it later: that it fails meanwhile is nobody's error yet.
function synced(output: FileOutput): Promise<void> {
  const done = output.sync().then(
    () => output.close(),
    thrown => {
      output.abandon()
      throw thrown
    },
  )
  done.catch(() => {})
  return done
}

// All have ended before the first one's error is thrown: none works on a file that is removed.
async function settled(syncs: Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(syncs.splice(0))
  const failed = outcomes.find(outcome => outcome.status === 'rejected')
  if (failed) throw failed.reason
}

function sortedByPartition(partitions: Uint32Array, count: number): { rows: Uint32Array; starts: Uint32Array } {
  const starts = new Uint32Array(count + 1)
  for (const partition of partitions) starts[partition + 1]!++
  for (let p = 0; p < count; p++) starts[p + 1]! += starts[p]!
  const next = starts.slice(0, count)
  const rows = new Uint32Array(partitions.length)
  for (let row = 0; row < partitions.length; row++) rows[next[partitions[row]!]!++] = row
  return { rows, starts }
}
