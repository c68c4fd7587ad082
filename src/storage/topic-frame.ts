// The bytes of a topic's log. A segment is a header and frames; a frame is up to 65,536 records in columns, checksummed; the frames of
// one append form a group, which counts only when it is complete. Little-endian, everything begins at a multiple of 8.
//
// frame: [magic u32][bytes u32][CRC-32C of all that follows u32][rows u32][sequence f64][tag bytes u32][index in group u32]
//        [frames in group u32][key bytes u32][value bytes u32][0 u32] then timestamps f64, partitions i32, key lengths i32,
//        value lengths i32, tag (JSON of a staged epoch, or nothing), keys, values
import { crc32c } from '../base/crc32c.ts'
import type { StagedEpoch, TopicFrame, TopicRecords } from '../base/topic.ts'

const magic = 0x31465254
/** Bytes before a frame's columns. */
export const frameHeaderBytes = 48
const rowBytes = 8 + 4 + 4 + 4
/** The most records in a frame. */
export const frameRowsMax = 65_536
const frameBytesTarget = 4 * 2 ** 20

/** What a frame's header says. */
export interface FrameHeader {
  readonly bytes: number
  readonly rows: number
  readonly sequence: number
  readonly tagBytes: number
  readonly index: number
  readonly count: number
  readonly keyBytes: number
  readonly valueBytes: number
}

/** The frames of one append, numbered from `sequence` on. */
export function encodeGroup(records: readonly TopicRecords[], sequence: number, tag: StagedEpoch | undefined): Uint8Array[] {
  const parts = records.flatMap(cut)
  const tagBytes = tag ? new TextEncoder().encode(JSON.stringify(tag)) : new Uint8Array(0)
  let next = sequence
  return parts.map((part, index) => {
    const frame = encodeFrame(part, next, tagBytes, index, parts.length)
    next += part.count
    return frame
  })
}

/** Gives a frame another place in the log, and a fitting checksum. */
export function renumberFrame(frame: Uint8Array, sequence: number): void {
  const view = viewOf(frame)
  view.setFloat64(16, sequence, true)
  view.setUint32(8, crc32c(frame.subarray(12)), true)
}

/** The partitions of a frame's records, in a frame that is known to be whole. */
export function framePartitions(frame: Uint8Array): Int32Array {
  const rows = viewOf(frame).getUint32(12, true)
  return new Int32Array(frame.buffer, frame.byteOffset + frameHeaderBytes + 8 * rows, rows)
}

/** The header at the start of `bytes`; a text says what is wrong with it. `bytesLeft`: what the file holds from here on. */
export function readFrameHeader(bytes: Uint8Array, bytesLeft: number): FrameHeader | string {
  if (bytes.length < frameHeaderBytes) return `${bytes.length} bytes are left, a frame's header has ${frameHeaderBytes}`
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== magic) return 'no frame begins here'
  const header: FrameHeader = {
    bytes: view.getUint32(4, true),
    rows: view.getUint32(12, true),
    sequence: view.getFloat64(16, true),
    tagBytes: view.getUint32(24, true),
    index: view.getUint32(28, true),
    count: view.getUint32(32, true),
    keyBytes: view.getUint32(36, true),
    valueBytes: view.getUint32(40, true),
  }
  const needed = pad8(frameHeaderBytes + header.rows * rowBytes + header.tagBytes + header.keyBytes + header.valueBytes)
  if (header.bytes !== needed) return `a frame says ${header.bytes} bytes where its parts have ${needed}`
  if (header.bytes > bytesLeft) return `a frame of ${header.bytes} bytes begins where ${bytesLeft} are left`
  if (header.rows > frameRowsMax) return `a frame says ${header.rows} records, ${frameRowsMax} are the most`
  if (!Number.isSafeInteger(header.sequence) || header.sequence < 0) return `a frame says it begins with record ${header.sequence}`
  if (header.index >= header.count) return `a frame says it is number ${header.index} of ${header.count}`
  return header
}

/** The whole frame at the start of `bytes`; a text says what is wrong with it. The columns are views of `bytes`, which must begin at a multiple of 8. */
export function readFrame(bytes: Uint8Array): (TopicFrame & { readonly tag: StagedEpoch | undefined; readonly header: FrameHeader }) | string {
  const header = readFrameHeader(bytes, bytes.length)
  if (typeof header === 'string') return header
  const promised = viewOf(bytes).getUint32(8, true)
  const found = crc32c(bytes.subarray(12, header.bytes))
  if (promised !== found) return `a frame's checksum is ${found}, its header promises ${promised}`
  const { rows } = header
  let at = bytes.byteOffset + frameHeaderBytes
  const timestampsMs = new Float64Array(bytes.buffer, at, rows)
  const partitions = new Int32Array(bytes.buffer, (at += 8 * rows), rows)
  const keyLengths = new Int32Array(bytes.buffer, (at += 4 * rows), rows)
  const valueLengths = new Int32Array(bytes.buffer, (at += 4 * rows), rows)
  const tagBytes = new Uint8Array(bytes.buffer, (at += 4 * rows), header.tagBytes)
  const keyBytes = new Uint8Array(bytes.buffer, (at += header.tagBytes), header.keyBytes)
  const valueBytes = new Uint8Array(bytes.buffer, at + header.keyBytes, header.valueBytes)
  if (total(keyLengths, -1) !== header.keyBytes || total(valueLengths, 0) !== header.valueBytes) return 'the lengths of a frame do not add up to its bytes'
  const tag = header.tagBytes > 0 ? (JSON.parse(new TextDecoder().decode(tagBytes)) as StagedEpoch) : undefined
  return { count: rows, sequence: header.sequence, partitions, timestampsMs, keyLengths, keyBytes, valueLengths, valueBytes, tag, header }
}

function encodeFrame(part: TopicRecords, sequence: number, tag: Uint8Array, index: number, count: number): Uint8Array {
  const rows = part.count
  const bytes = new Uint8Array(pad8(frameHeaderBytes + rows * rowBytes + tag.length + part.keyBytes.length + part.valueBytes.length))
  const view = viewOf(bytes)
  const words = [magic, bytes.length, 0, rows, 0, 0, tag.length, index, count, part.keyBytes.length, part.valueBytes.length]
  words.forEach((word, i) => view.setUint32(4 * i, word, true))
  let at = frameHeaderBytes
  new Float64Array(bytes.buffer, at, rows).set(part.timestampsMs)
  new Int32Array(bytes.buffer, (at += 8 * rows), rows).set(part.partitions)
  new Int32Array(bytes.buffer, (at += 4 * rows), rows).set(part.keyLengths)
  new Int32Array(bytes.buffer, (at += 4 * rows), rows).set(part.valueLengths)
  bytes.set(tag, (at += 4 * rows))
  bytes.set(part.keyBytes, (at += tag.length))
  bytes.set(part.valueBytes, at + part.keyBytes.length)
  renumberFrame(bytes, sequence)
  return bytes
}

// Records in parts that each make a frame; a record larger than the target is alone in its part.
function cut(records: TopicRecords): TopicRecords[] {
  const parts: TopicRecords[] = []
  let start = 0
  let keyStart = 0
  let valueStart = 0
  while (start < records.count) {
    let end = start
    let keyEnd = keyStart
    let valueEnd = valueStart
    while (end < records.count && end - start < frameRowsMax && (end === start || keyEnd - keyStart + valueEnd - valueStart < frameBytesTarget)) {
      keyEnd += Math.max(0, records.keyLengths[end]!)
      valueEnd += records.valueLengths[end]!
      end++
    }
    parts.push({
      count: end - start,
      partitions: records.partitions.subarray(start, end),
      timestampsMs: records.timestampsMs.subarray(start, end),
      keyLengths: records.keyLengths.subarray(start, end),
      keyBytes: records.keyBytes.subarray(keyStart, keyEnd),
      valueLengths: records.valueLengths.subarray(start, end),
      valueBytes: records.valueBytes.subarray(valueStart, valueEnd),
    })
    start = end
    keyStart = keyEnd
    valueStart = valueEnd
  }
  return parts
}

// The sum of lengths, or −1 where one is below `least`.
function total(lengths: Int32Array, least: number): number {
  let sum = 0
  for (const length of lengths) {
    if (length < least) return -1
    if (length > 0) sum += length
  }
  return sum
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function pad8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}
