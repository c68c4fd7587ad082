// Segments of a topic's log: their headers, how a frame is found in them, and what is done about a tail that was torn by a crash.
import { crc32c } from '../base/crc32c.ts'
import { DataError } from '../base/errors.ts'
import type { StagedEpoch, TopicFrame } from '../base/topic.ts'
import { type FrameHeader, frameHeaderBytes, readFrame, readFrameHeader } from './topic-frame.ts'
import type { LogFiles } from './log-files.ts'

const magic = 0x504f544d
const prefixBytes = 16
const ending = '.segment'
const blockBytes = 256 * 1024
const indexBytes = 64 * 1024
const cursorsMax = 64

/** What is known of the log at one of its records: the numbers of records before it, and what each writer committed last. */
export interface LogState {
  readonly sequence: number
  readonly offsets: readonly number[]
  readonly writers: Readonly<Record<string, StagedEpoch>>
}

/** A segment: one file of the log. `bytes` is what may be read of it. */
export interface Segment {
  readonly name: string
  readonly sequence: number
  readonly headerBytes: number
  bytes: number
  /** Places of frames, sparse, ascending. */
  readonly index: { readonly sequence: number; readonly at: number }[]
}

/** The sequence at which the segment of this file name begins; undefined for other files. */
export function segmentSequence(name: string): number | undefined {
  const match = /^(\d{20})\.segment$/.exec(name)
  return match ? Number(match[1]) : undefined
}

/** Makes a segment's file that begins at `state`. */
export async function createSegment(files: LogFiles, state: LogState): Promise<Segment> {
  const json = new TextEncoder().encode(JSON.stringify({ version: 1, ...state }))
  const bytes = new Uint8Array(Math.ceil((prefixBytes + json.length) / 8) * 8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic, true)
  view.setUint32(4, bytes.length, true)
  view.setUint32(12, json.length, true)
  bytes.set(json, prefixBytes)
  view.setUint32(8, crc32c(bytes.subarray(12)), true)
  const name = String(state.sequence).padStart(20, '0') + ending
  await files.create(name, [bytes])
  return { name, sequence: state.sequence, headerBytes: bytes.length, bytes: bytes.length, index: [{ sequence: state.sequence, at: bytes.length }] }
}

/** Reads a segment's header. Throws DataError TOPIC_CORRUPT. */
export async function openSegment(files: LogFiles, name: string): Promise<{ segment: Segment; state: LogState }> {
  const size = await files.size(name)
  const prefix = await files.read(name, 0, prefixBytes)
  if (prefix.length < prefixBytes) throw corrupt(files, name, 0, 'the file is too short for a header')
  const view = new DataView(prefix.buffer)
  const headerBytes = view.getUint32(4, true)
  if (view.getUint32(0, true) !== magic || headerBytes > size) throw corrupt(files, name, 0, 'it does not begin as a segment')
  const bytes = await files.read(name, 0, headerBytes)
  if (crc32c(bytes.subarray(12)) !== view.getUint32(8, true)) throw corrupt(files, name, 8, "the header's checksum does not fit")
  const jsonBytes = view.getUint32(12, true)
  if (prefixBytes + jsonBytes > headerBytes) throw corrupt(files, name, 12, `the header says ${jsonBytes} bytes of JSON in ${headerBytes}`)
  const state = JSON.parse(new TextDecoder().decode(bytes.subarray(prefixBytes, prefixBytes + jsonBytes))) as LogState & { version: number }
  if (state.version !== 1) throw corrupt(files, name, prefixBytes, `it is of version ${state.version}, this Millrace reads 1`)
  const { sequence } = state
  return { segment: { name, sequence, headerBytes, bytes: size, index: [{ sequence, at: headerBytes }] }, state }
}

/**
 * Walks the newest segment, checks all of it, and cuts off what a crash left at its end: a frame that is not whole, a group of which frames are missing.
 * Returns the state behind the last whole group, and puts into `groups` where each writer's last group begins. Throws DataError TOPIC_CORRUPT where a damaged
 * frame has whole ones after it.
 */
export async function recoverSegment(files: LogFiles, segment: Segment, start: LogState, groups = new Map<string, number>()): Promise<LogState> {
  const reader = new SegmentReader(files)
  const size = segment.bytes
  let state = start
  let pending = { sequence: start.sequence, offsets: [...start.offsets] }
  let at = segment.headerBytes
  let whole = at
  let index = 0
  while (at < size) {
    const frame = await reader.frameAt(segment, at)
    if (typeof frame === 'string') {
      await refuseWithin(reader, segment, at, frame)
      break
    }
    if (frame.sequence !== pending.sequence || frame.header.index !== index)
      throw corrupt(files, segment.name, at, `record ${frame.sequence} follows record ${pending.sequence - 1}`)
    noteFrame(segment, frame.sequence, at)
    for (const partition of frame.partitions) pending.offsets[partition]!++
    pending.sequence += frame.count
    at += frame.header.bytes
    index = (frame.header.index + 1) % frame.header.count
    if (index > 0) continue
    if (frame.tag) groups.set(frame.tag.writer, whole)
    whole = at
    state = { ...pending, writers: frame.tag ? { ...state.writers, [frame.tag.writer]: frame.tag } : state.writers }
    pending = { sequence: pending.sequence, offsets: [...pending.offsets] }
  }
  if (whole < size) {
    await files.truncate(segment.name, whole)
    await files.sync(segment.name)
    segment.bytes = whole
    while (segment.index.length > 1 && segment.index.at(-1)!.at >= whole) segment.index.pop()
  }
  return state
}

// A damaged frame in the middle was whole once: that is no torn tail. Within the last group it is one: what a power cut leaves of bytes that were not synced may
// have any gaps, and a group that isn't whole was never told of.
async function refuseWithin(reader: SegmentReader, segment: Segment, start: number, what: string): Promise<void> {
  const damaged = await reader.headerAt(segment, start)
  if (typeof damaged === 'string') return
  let index = damaged.index + 1
  for (let at = start + damaged.bytes; at < segment.bytes; index++) {
    const frame = await reader.frameAt(segment, at)
    if (typeof frame === 'string') return
    if (frame.header.index !== index || frame.header.count !== damaged.count) throw corrupt(reader.files, segment.name, start, `${what}, and a whole frame follows`)
    at += frame.header.bytes
  }
}

/** Remembers where a frame is, now and then. */
export function noteFrame(segment: Segment, sequence: number, at: number): void {
  if (at - segment.index.at(-1)!.at >= indexBytes) segment.index.push({ sequence, at })
}

/** Reads frames of segments, a block of the file at a time. */
export class SegmentReader {
  readonly files: LogFiles
  #block: { name: string; start: number; bytes: Uint8Array } = { name: '', start: 0, bytes: new Uint8Array(0) }
  readonly #cursors = new Map<number, number>()
  constructor(files: LogFiles) {
    this.files = files
  }

  /** The frame that holds record `sequence`, which the segment has. Throws DataError TOPIC_CORRUPT. */
  async frameOf(segment: Segment, sequence: number): Promise<TopicFrame> {
    let at = this.#cursors.get(sequence) ?? segment.index.findLast(entry => entry.sequence <= sequence)!.at
    for (;;) {
      const header = await this.headerAt(segment, at)
      if (typeof header === 'string') throw corrupt(this.files, segment.name, at, header)
      if (sequence < header.sequence + header.rows) break
      at += header.bytes
    }
    const frame = await this.frameAt(segment, at)
    if (typeof frame === 'string') throw corrupt(this.files, segment.name, at, frame)
    if (frame.sequence > sequence) throw corrupt(this.files, segment.name, at, `record ${frame.sequence} where ${sequence} was looked for`)
    this.#cursors.delete(sequence)
    if (this.#cursors.size >= cursorsMax) this.#cursors.clear()
    if (at + frame.header.bytes < segment.bytes) this.#cursors.set(frame.sequence + frame.count, at + frame.header.bytes)
    return frame
  }

  /** The header at `at`, or what is wrong with it. */
  async headerAt(segment: Segment, at: number): Promise<FrameHeader | string> {
    return readFrameHeader(await this.#bytes(segment, at, frameHeaderBytes), segment.bytes - at)
  }

  /** The frame at `at`, or what is wrong with it. */
  async frameAt(segment: Segment, at: number): Promise<Exclude<ReturnType<typeof readFrame>, string> | string> {
    const header = await this.headerAt(segment, at)
    return typeof header === 'string' ? header : readFrame(await this.#bytes(segment, at, header.bytes))
  }

  /** Forgets what was read, for files that are shortened. */
  forget(): void {
    this.#block = { name: '', start: 0, bytes: new Uint8Array(0) }
    this.#cursors.clear()
  }

  async #bytes(segment: Segment, at: number, count: number): Promise<Uint8Array> {
    const end = Math.min(at + count, segment.bytes)
    const block = this.#block
    if (block.name === segment.name && at >= block.start && end <= block.start + block.bytes.length)
      return block.bytes.subarray(at - block.start, end - block.start)
    const bytes = await this.files.read(segment.name, at, Math.min(Math.max(count, blockBytes), segment.bytes - at))
    this.#block = { name: segment.name, start: at, bytes }
    return bytes.subarray(0, end - at)
  }
}

/** The error for bytes that can't be what was written. */
export function corrupt(files: LogFiles, name: string, at: number, what: string): DataError {
  return new DataError('TOPIC_CORRUPT', `topic: ${files.place}/${name}, byte ${at}: ${what}; the file is damaged; restore it from a copy or start a new topic`)
}
