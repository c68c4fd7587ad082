// A directory whose files lie in folders by the values of columns. Rows are held as they came until they are many; then those of each partition
// are put behind its file, one partition after the other. So a single file and encoder are open at a time, however many partitions there are, and
// a partition has one file an epoch, or rolled ones that go on over epochs.
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
import type { GrowingPart } from './growing-part.ts'
import { endingOf, type Part, PartDirectory } from './part-directory.ts'
import type { OutputCalls } from './output-calls.ts'
import { type RollRule, rollRule } from './roll.ts'
import type { EpochEnd, SinkContext, SinkWriter } from './sink.ts'

/** Rows, and bytes of the batches they came in, that are held at most; of a small memory an eighth. */
const heldRowsMax = 1 << 20
const heldBytesMax = 64 << 20
const heldShare = 1 / 8
/** Partitions of one epoch at most: more folders than this are a column that doesn't repeat. */
const partitionsMax = 10_000
const turnMs = 8
/** Finished files that are made durable at a time, and open until then. */
const syncsMax = 16

/** A partition's file: what an encoder needs to go on with it. */
interface PartitionFile {
  part: GrowingPart
  /** Its final name, of a file that ends with its epoch. */
  readonly final: string | undefined
  isThere: boolean
  /** A checkpoint counts on what it holds. */
  isCounted: boolean
  /** Rows have come since it was durable. */
  hasGrown: boolean
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
  /** The folders of this epoch, by the numbers of their values in the table; they end in /. */
  #folders: string[] = []
  /** The files at work, by folder. */
  readonly #files = new Map<string, PartitionFile>()
  /** Files that have ended in this epoch. */
  #ended: (Part & { readonly isCounted: boolean })[] = []
  readonly #rule: RollRule
  /** Folders to be marked as complete, with the time that the watermark has to pass. */
  readonly #unmarked = new Map<string, number>()
  #watermark = Number.NEGATIVE_INFINITY
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
    this.#rule = rollRule(options.roll, where)
    this.#heldBytesMax = Math.min(heldBytesMax, context.device.pages.limit() * pageBytes * heldShare)
    this.#keyAt = options.partitionBy!.map(name => columnIndex(fields, name, where))
    this.#restAt = fields.flatMap((_, i) => (this.#keyAt.includes(i) ? [] : [i]))
    this.#rest = this.#restAt.map(i => fields[i]!)
  }

  async begin(): Promise<void> {
    const { growing = [], unmarked = {} } = await this.#directory.begin()
    for (const part of growing) this.#files.set(part.folder, { part, final: undefined, isThere: true, isCounted: true, hasGrown: false })
    for (const [folder, time] of Object.entries(unmarked)) this.#unmarked.set(folder, time ?? Number.POSITIVE_INFINITY)
  }

  advance(watermark: number): void {
    this.#watermark = watermark
  }

  async write({ batch }: BatchView, at: { epoch: number }): Promise<void> {
    if (batch.rowCount === 0) return
    const { device, fields } = this.#context
    this.#table ??= new GroupTable(device, this.#keyAt.map(i => fields[i]!))
    const scratch = device.arena()
    try {
      const keys = this.#keyAt.map(i => batch.columns[i]!)
      const found = device.memory.uint32s(this.#table.find(scratch, keys, batch.rowCount), batch.rowCount)
      this.#name(keys, found)
      this.#held.push({ batch: retainBatch(device, batch), ...sortedByPartition(found, this.#folders.length) })
    } finally {
      scratch.release()
    }
    this.#heldRows += batch.rowCount
    if (!this.#arenas.has(batch.arena) && batch.arena !== 0) this.#heldBytes += arenaBytes(device, batch.arena)
    this.#arenas.add(batch.arena)
    if (this.#heldRows >= heldRowsMax || this.#heldBytes >= this.#heldBytesMax) await this.#writeHeld(at.epoch)
  }

  async prepare(epoch: number, { last, finished }: EpochEnd = { last: false, finished: false }): Promise<Json> {
    const marked = [...this.#unmarked].flatMap(([folder, time]) => (finished || this.#watermark > time ? [folder] : []))
    for (const folder of marked) this.#unmarked.delete(folder)
    const complete = new Set(marked)
    const nowMs = this.#context.clock.now()
    await this.#writeHeld(epoch, (folder, file) => last || !this.#rule.spansEpochs || complete.has(folder) || (file !== undefined && this.#rule.isDue(file.part, nowMs)))
    this.#folders = []
    this.#table?.close()
    this.#table = undefined
    const growing = [...this.#files.values()].map(({ part }) => part)
    const unmarked = Object.fromEntries([...this.#unmarked].map(([folder, time]) => [folder, Number.isFinite(time) ? time : null]))
    return this.#directory.handle(this.#ended.splice(0), { growing, marked: finished && this.#directory.success?.ofAll ? [''] : marked, unmarked })
  }

  commit(_epoch: number, handle: Json): Promise<void> {
    return this.#directory.commit(handle)
  }

  async close(): Promise<void> {
    this.#release()
    this.#table?.close()
    this.#table = undefined
    const open = [...this.#files.values()].flatMap(({ part, isThere, isCounted }) => (isThere ? [{ temp: part.temp, isCounted }] : []))
    const moves = new FileMoves(this.#calls, this.#context.where)
    // What a checkpoint counts on stays for the next start.
    for (const { temp, isCounted } of [...this.#ended.splice(0), ...open]) if (!isCounted || this.#context.keepsNothing) await moves.remove(join(this.#directory.path, temp))
    this.#files.clear()
    await this.#directory.leave()
  }

  // Partitions that are seen for the first time in this epoch get their folders.
  #name(keys: readonly Column[], found: Uint32Array): void {
    if (this.#table!.groupCount === this.#folders.length) return
    const { device, fields, where } = this.#context
    const read = keys.map(key => valueReader(device.memory, key))
    const { passedAt } = this.#directory.success ?? {}
    for (let row = 0; row < found.length; row++) {
      const index = this.#folders.length
      if (found[row] !== index) continue
      const texts = this.#keyAt.map((i, k) => partitionText(read[k]!(row), fields[i]!.type))
      const folder = `${this.#keyAt.map((i, k) => this.#segment(fields[i]!.name, texts[k]!)).join('/')}/`
      if (index === partitionsMax || (this.#files.size >= partitionsMax && !this.#files.has(folder)))
        throw new DataError('PARTITIONS', `${where}: more than ${partitionsMax} partitions, such as ${folder.slice(0, -1)}; partition by columns with fewer values`)
      this.#folders.push(folder)
      if (passedAt) this.#unmarked.set(folder, passedAt(texts, folder.slice(0, -1)))
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

  // Puts what is held behind the files of its partitions; at the end of the epoch (with `ends`, which says of which partitions files end) all is durable.
  async #writeHeld(epoch: number, ends?: (folder: string, file: PartitionFile | undefined) => boolean): Promise<void> {
    const { clock } = this.#context
    let until = clock.elapsed() + turnMs
    const syncs: Promise<void>[] = []
    const indices = new Map(this.#folders.map((folder, index) => [folder, index]))
    try {
      for (const folder of new Set([...this.#folders, ...this.#files.keys()])) {
        const index = indices.get(folder) ?? Number.POSITIVE_INFINITY
        const hasRows = this.#held.some(({ starts }) => index + 1 < starts.length && starts[index]! < starts[index + 1]!)
        const file = this.#files.get(folder)
        const isLast = (file !== undefined || hasRows) && ends?.(folder, file) === true
        if (hasRows || isLast || (ends && file?.hasGrown)) syncs.push(...this.#writePartition(epoch, index, file ?? this.#begin(epoch, index, folder), isLast, ends !== undefined))
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

  #begin(epoch: number, index: number, folder: string): PartitionFile {
    const fresh = { isThere: false, isCounted: false, hasGrown: false }
    const { temp, final } = this.#rule.spansEpochs ? { temp: '', final: undefined } : this.#directory.part(epoch, index, folder)
    const part = final === undefined ? this.#directory.growingPart(folder) : { temp, folder, number: index, bytes: 0, state: null, openedMs: 0 }
    const file = { part, final, ...fresh }
    this.#files.set(folder, file)
    return file
  }

  // Gives what is to be waited for where the file is to be durable: where it ends, by `isLast` or for its size, or with `isKept`.
  #writePartition(epoch: number, index: number, file: PartitionFile, isLast: boolean, isKept: boolean): Promise<void>[] {
    const { device, where } = this.#context
    const { part } = file
    const output = new FileOutput(join(this.#directory.path, part.temp), file.isThere ? 'a' : 'w', where, part.bytes, this.#calls)
    const state = file.isThere ? part.state : undefined
    file.isThere = true
    let hasEnded = isLast
    try {
      const encoder = this.#format.open(device, this.#rest, this.#options, output, where, state)
      try {
        for (const held of this.#held) this.#writeRows(held, index, rows => encoder.write(rows))
        if (!isLast) {
          file.part = { ...part, state: encoder.checkpoint(), bytes: output.bytes }
          hasEnded = this.#rule.isDue(file.part, this.#context.clock.now())
        }
        if (hasEnded) encoder.finish()
      } finally {
        encoder.close()
      }
      output.flush()
      if (!hasEnded && !isKept) output.close()
    } catch (thrown) {
      output.abandon()
      throw thrown
    }
    file.hasGrown = !isKept
    if (hasEnded) {
      this.#files.delete(part.folder)
      this.#ended.push({ ...(file.final === undefined ? this.#directory.grownPart(epoch, part) : { temp: part.temp, final: file.final }), isCounted: file.isCounted })
    } else if (isKept) file.isCounted = true
    return hasEnded || isKept ? [synced(output)] : []
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
