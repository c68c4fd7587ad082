// The log behind an in-process topic: one sequence of records over all partitions, in segments. Appends are serialised; an append is
// visible whole or not at all, also after a crash. Transactions: an epoch is staged in a file of its own and appended as one group that
// carries the epoch's id, so that a repeated commit is recognised.
import { ConnectorError, DataError, PlanError } from '../base/errors.ts'
import type { StagedEpoch, TopicFrame, TopicLog, TopicRecords } from '../base/topic.ts'
import type { LogFiles } from './log-files.ts'
import { encodeGroup, framePartitions, readFrame, renumberFrame } from './topic-frame.ts'
import { corrupt, createSegment, type LogState, noteFrame, openSegment, recoverSegment, type Segment, SegmentReader, segmentSequence } from './topic-segment.ts'

/** How a log is kept. */
export interface TopicLogOptions {
  readonly name: string
  readonly partitions?: number
  /** A new segment is begun beyond this many bytes; 64 MiB unless said. */
  readonly segmentBytes?: number
}

/** An open log, and how to close it. */
export interface OpenTopicLog extends TopicLog {
  close(): Promise<void>
}

/** Opens the log in `files`, or begins one. A torn tail is cut off. Throws PlanError TOPIC_PARTITIONS, DataError TOPIC_CORRUPT, ConnectorError TOPIC_IO. Cost: reads the newest segment. */
export async function openTopicLog(files: LogFiles, options: TopicLogOptions): Promise<OpenTopicLog> {
  try {
    return await openSegments(files, options)
  } catch (error) {
    await files.close()
    throw error
  }
}

async function openSegments(files: LogFiles, options: TopicLogOptions): Promise<OpenTopicLog> {
  const names = (await files.list()).filter(name => segmentSequence(name) !== undefined)
  const partitions = options.partitions ?? 1
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 1024) {
    throw new PlanError('TOPIC_PARTITIONS', `topic "${options.name}": ${partitions} partitions; give a whole number from 1 to 1024`)
  }
  if (names.length === 0) {
    const state: LogState = { sequence: 0, offsets: new Array(partitions).fill(0), writers: {} }
    return new SegmentedLog(files, options, [await createSegment(files, state)], state)
  }
  const segments: Segment[] = []
  let state: LogState | undefined
  for (const name of names) {
    const opened = await openSegment(files, name)
    segments.push(opened.segment)
    state = opened.state
  }
  const found = state!.offsets.length
  if (options.partitions !== undefined && found !== options.partitions) {
    throw new PlanError(
      'TOPIC_PARTITIONS',
      `topic "${options.name}": it has ${found} partitions, not ${options.partitions}; leave partitions out or give ${found}`,
    )
  }
  const groups = new Map<string, number>()
  const newest = segments.at(-1)!
  const recovered = await recoverSegment(files, newest, state!, groups)
  await writeAgain(files, newest, recovered, groups)
  return new SegmentedLog(files, options, segments, recovered)
}

// What was staged and is in the log all the same was not known to be durable when its process ended. A sync may have failed, and what the system shows of
// the file need not be on the disk: another sync alone would be trusted in vain.
async function writeAgain(files: LogFiles, segment: Segment, { writers }: LogState, groups: ReadonlyMap<string, number>): Promise<void> {
  const names = new Set(await files.list())
  const starts = Object.values(writers).flatMap(staged => (names.has(stagedName(staged)) ? (groups.get(staged.writer) ?? []) : []))
  if (starts.length === 0) return
  const start = Math.min(...starts)
  await files.overwrite(segment.name, start, await files.read(segment.name, start, segment.bytes - start))
  await files.sync(segment.name)
}

class SegmentedLog implements OpenTopicLog {
  readonly name: string
  readonly partitionCount: number
  readonly #files: LogFiles
  readonly #segments: Segment[]
  readonly #segmentBytes: number
  readonly #reader: SegmentReader
  #state: LogState
  #busy: Promise<unknown> = Promise.resolve()
  #reading: Promise<unknown> = Promise.resolve()
  #failed: Error | undefined
  #waiting: (() => void)[] = []

  constructor(files: LogFiles, options: TopicLogOptions, segments: Segment[], state: LogState) {
    this.name = options.name
    this.partitionCount = state.offsets.length
    this.#files = files
    this.#segments = segments
    this.#segmentBytes = options.segmentBytes ?? 64 * 2 ** 20
    this.#reader = new SegmentReader(files)
    this.#state = state
  }

  get recordCount(): number {
    return this.#state.sequence
  }
  offsets(): number[] {
    return [...this.#state.offsets]
  }

  read(sequence: number): Promise<TopicFrame | undefined> {
    const step = this.#reading.then(async () => {
      if (sequence >= this.#state.sequence) return undefined
      const at = this.#segments.findLastIndex(segment => segment.sequence <= sequence)
      if (sequence < 0 || at < 0)
        throw new DataError(
          'TOPIC_POSITION',
          `topic "${this.name}": record ${sequence} is not kept; the first is ${this.#segments[0]!.sequence}; start from there`,
        )
      return this.#reader.frameOf(this.#segments[at]!, sequence)
    })
    this.#reading = step.catch(() => {})
    return step
  }

  append(records: TopicRecords): Promise<void> {
    this.#check(records)
    return records.count === 0 ? Promise.resolve() : this.#alone(() => this.#write(encodeGroup([records], this.#state.sequence, undefined), undefined))
  }

  flush(): Promise<void> {
    return this.#alone(() => this.#files.sync(this.#segments.at(-1)!.name))
  }

  stage(writer: string, epoch: number, records: readonly TopicRecords[]): Promise<StagedEpoch> {
    for (const part of records) this.#check(part)
    return this.#alone(async () => {
      const rows = records.reduce((sum, part) => sum + part.count, 0)
      const staged: StagedEpoch = { writer, epoch, id: crypto.randomUUID(), rows }
      if (rows > 0) await this.#files.create(stagedName(staged), encodeGroup(records, 0, staged))
      return staged
    })
  }

  commit(staged: StagedEpoch): Promise<void> {
    return this.#alone(async () => {
      if (staged.rows === 0) return
      const name = stagedName(staged)
      const done = this.#state.writers[staged.writer]
      if (!(await this.#files.list()).includes(name)) {
        if (done && (done.id === staged.id || done.epoch > staged.epoch)) return
        throw new DataError(
          'TOPIC_STAGED',
          `topic "${this.name}": epoch ${staged.epoch} of ${staged.writer} was staged in ${this.#files.place}/${name}, which is gone; ${staged.rows} records are missing; restore an earlier checkpoint`,
        )
      }
      if (done?.id !== staged.id) {
        await this.#write(await this.#readStaged(name), staged)
        await this.#files.sync(this.#segments.at(-1)!.name)
      }
      await this.#files.remove(name)
    })
  }

  abandon(writer: string, keep?: StagedEpoch): Promise<void> {
    return this.#alone(async () => {
      const mine = stagedPrefix(writer)
      const kept = keep && stagedName(keep)
      for (const name of await this.#files.list()) if (name.startsWith(mine) && name !== kept) await this.#files.remove(name)
    })
  }

  async grown(recordCount: number, signal: AbortSignal): Promise<void> {
    if (this.#state.sequence > recordCount || signal.aborted) return
    await new Promise<void>(resolve => {
      const done = () => {
        signal.removeEventListener('abort', done)
        this.#waiting = this.#waiting.filter(waiting => waiting !== done)
        resolve()
      }
      signal.addEventListener('abort', done)
      this.#waiting.push(done)
    })
  }

  async close(): Promise<void> {
    await this.#busy
    await this.#reading
    await this.#files.close()
  }

  // One change at a time. After a failed one nobody knows what the file holds: only opening it again tells.
  #alone<T>(act: () => Promise<T>): Promise<T> {
    const step = this.#busy.then(async () => {
      if (this.#failed)
        throw new ConnectorError('TOPIC_FAILED', `topic "${this.name}": an earlier write failed; open the topic again; ${this.#failed.message}`, {
          cause: this.#failed,
        })
      try {
        return await act()
      } catch (error) {
        if (error instanceof ConnectorError) this.#failed = error
        throw error
      }
    })
    this.#busy = step.catch(() => {})
    return step
  }

  async #write(frames: Uint8Array[], tag: StagedEpoch | undefined): Promise<void> {
    let segment = this.#segments.at(-1)!
    if (segment.bytes > segment.headerBytes && segment.bytes + frames.reduce((sum, f) => sum + f.length, 0) > this.#segmentBytes) {
      await this.#files.sync(segment.name)
      segment = await createSegment(this.#files, this.#state)
      this.#segments.push(segment)
    }
    const offsets = [...this.#state.offsets]
    let { sequence } = this.#state
    let at = segment.bytes
    const places: { sequence: number; at: number }[] = []
    for (const bytes of frames) {
      const partitions = framePartitions(bytes)
      if (tag) renumberFrame(bytes, sequence)
      for (const partition of partitions) offsets[partition]!++
      places.push({ sequence, at })
      sequence += partitions.length
      at += bytes.length
    }
    await this.#files.append(segment.name, frames)
    for (const place of places) noteFrame(segment, place.sequence, place.at)
    segment.bytes = at
    this.#state = { sequence, offsets, writers: tag ? { ...this.#state.writers, [tag.writer]: tag } : this.#state.writers }
    for (const wake of [...this.#waiting]) wake()
  }

  async #readStaged(name: string): Promise<Uint8Array[]> {
    const bytes = await this.#files.read(name, 0, await this.#files.size(name))
    const frames: Uint8Array[] = []
    let at = 0
    while (at < bytes.length) {
      const frame = readFrame(bytes.subarray(at))
      if (typeof frame === 'string') throw corrupt(this.#files, name, at, frame)
      if (frame.header.index !== frames.length) throw corrupt(this.#files, name, at, `frame ${frame.header.index} where ${frames.length} was expected`)
      frames.push(bytes.subarray(at, (at += frame.header.bytes)))
      if (at === bytes.length && frame.header.count !== frames.length) throw corrupt(this.#files, name, at, `${frames.length} of ${frame.header.count} frames`)
    }
    return frames
  }

  #check(records: TopicRecords): void {
    for (const partition of records.partitions) {
      if (partition < 0 || partition >= this.partitionCount) {
        throw new PlanError('TOPIC_PARTITION', `topic "${this.name}": a record for partition ${partition}; the partitions are 0 to ${this.partitionCount - 1}`)
      }
    }
    for (const time of records.timestampsMs) {
      if (!Number.isSafeInteger(time))
        throw new PlanError('TOPIC_TIMESTAMP', `topic "${this.name}": a record with the timestamp ${time}; give whole milliseconds since the epoch`)
    }
  }
}

function stagedPrefix(writer: string): string {
  return `staged-${encodeURIComponent(writer)}-`
}

function stagedName(staged: StagedEpoch): string {
  return `${stagedPrefix(staged.writer)}${staged.epoch}-${staged.id}`
}
