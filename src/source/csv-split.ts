// Which rows of a CSV file a split has, though a line end may lie inside quotes. Splits are cut behind line feeds, where only two things can be:
// quotes are open, or a row begins. Each reader finds out for its own bytes how they turn the one into the other, and writes that into a table which
// all threads see: what is open where a split begins follows from those before it. They were begun earlier, so it is known when it is asked for.
import { DataError } from '../base/errors.ts'
import { formatBytes } from '../base/units.ts'
import type { CsvDialect } from '../compute/csv.ts'
import { findRowEnd, trackQuotes } from '../compute/csv-quotes.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { TextFile } from './text-file.ts'

/** A piece of a file: bytes [start, end) before they are moved to line ends, the last one's end being the file's; `first`: its file's first split in the table. */
export interface CsvPiece {
  readonly index: number
  readonly first: number
  readonly start: number
  /** −1 for the last. */
  readonly end: number
  readonly splitBytes: number
}

/** Whole rows of a file, `bytes` bytes at `address` in `arena`, from byte `position` of the file on. */
export interface CsvText {
  readonly arena: Arena
  readonly address: number
  readonly bytes: number
  readonly position: number
}

// A table entry: unknown, being found out by some thread, or known, with two bits for what is open behind it.
const unknown = 0
const claimed = 1
const known = 4
const waitMs = 200
const rowBytesMax = 64 << 20
const blockBytes = 1 << 16

/** Reads the rows of a piece. `begin`: the file's byte that its first row begins with. `table`: the address of a zeroed u32 per split of the scan, one memory for all threads. Undefined where it has none. Throws DataError ROW_TOO_LONG. */
export function loadCsvRows(device: Device, file: TextFile, piece: CsvPiece, table: number, dialect: CsvDialect, begin: number, where: string): CsvText | undefined {
  const reading: Reading = { device, file, dialect, where, table, begin }
  const start = lineStart(file, piece.start, reading.begin)
  const end = piece.end < 0 ? file.size : lineStart(file, piece.end, reading.begin)
  Atomics.compareExchange(device.words(), table / 4 + piece.index, unknown, claimed)
  const arena = device.arena()
  try {
    let text = read(reading, arena, start, end)
    const inside = quotesOpenAt(reading, piece)
    const open = known | turn(reading, text, start, end)
    publish(reading, piece.index, open)
    const skipped = inside ? findRowEnd(device, text, end - start, dialect) : 0
    if (inside && skipped === 0) return leave(arena)
    const rowsEnd = (inside ? open & 2 : open & 1) !== 0 ? rowEnd(reading, end) : end
    if (rowsEnd > end) text = read(reading, arena, start, rowsEnd)
    const bytes = rowsEnd - start - skipped
    return bytes === 0 ? leave(arena) : { arena, address: text + skipped, bytes, position: start + skipped }
  } catch (thrown) {
    arena.release()
    throw thrown
  }
}

interface Reading {
  readonly device: Device
  readonly file: TextFile
  readonly dialect: CsvDialect
  readonly where: string
  readonly table: number
  /** The byte that the first row begins with: what stands before it opens no quotes. */
  readonly begin: number
}

function leave(arena: Arena): undefined {
  arena.release()
  return undefined
}

// One byte more than is read is the decoder's.
function read({ device, file }: Reading, arena: Arena, start: number, end: number): number {
  const address = arena.allocate(end - start + 1)
  file.readInto(device.memory.bytes(address, end - start), start)
  return address
}

// Whether quotes are open where a piece begins, from all pieces before it.
function quotesOpenAt(reading: Reading, piece: CsvPiece): boolean {
  let inside = false
  for (let index = piece.first; index < piece.index; index++) {
    const entry = entryOf(reading, piece, index)
    inside = (inside ? entry & 2 : entry & 1) !== 0
  }
  return inside
}

// What a piece before does to quotes: as another thread has found, or is about to. A thread that has died finds nothing, and pieces before a
// checkpoint are read by nobody: then it is found out here.
function entryOf(reading: Reading, piece: CsvPiece, index: number): number {
  const { device, table, file } = reading
  const words = device.words()
  const at = table / 4 + index
  let entry = Atomics.compareExchange(words, at, unknown, claimed)
  if (entry === claimed) {
    Atomics.wait(words, at, claimed, waitMs)
    entry = Atomics.load(words, at)
  }
  if (entry >= known) return entry
  const start = lineStart(file, (index - piece.first) * piece.splitBytes, reading.begin)
  const end = lineStart(file, (index - piece.first + 1) * piece.splitBytes, reading.begin)
  const arena = device.arena()
  try {
    const found = known | turn(reading, read(reading, arena, start, end), start, end)
    publish(reading, index, found)
    return found
  } finally {
    arena.release()
  }
}

function turn({ device, dialect }: Reading, text: number, start: number, end: number): number {
  if (start === end) return 2
  const { outside, inside } = trackQuotes(device, text, end - start, dialect)
  return (outside ? 1 : 0) | (inside ? 2 : 0)
}

function publish({ device, table }: Reading, index: number, entry: number): void {
  const words = device.words()
  Atomics.store(words, table / 4 + index, entry)
  Atomics.notify(words, table / 4 + index)
}

// Where the row ends whose quotes are open at `start`, which lies behind a line feed.
function rowEnd(reading: Reading, start: number): number {
  const { device, file, dialect, where } = reading
  for (let bytes = blockBytes; ; bytes *= 4) {
    const end = Math.min(file.size, start + bytes)
    const arena = device.arena()
    try {
      const found = findRowEnd(device, read(reading, arena, start, end), end - start, dialect)
      if (found > 0) return start + found
    } finally {
      arena.release()
    }
    if (end === file.size) return end
    if (bytes >= rowBytesMax) {
      throw new DataError('ROW_TOO_LONG', `${where}, byte ${start}: a row has more than ${formatBytes(rowBytesMax)} and no end so far; is a quote left open?`)
    }
  }
}

// The first byte from `start` on that lies behind a line feed, or the file's end.
function lineStart(file: TextFile, start: number, first: number): number {
  if (start === 0) return first
  const block = new Uint8Array(4_096)
  for (let at = start - 1; at < file.size; ) {
    const count = file.readInto(block, at)
    const found = block.subarray(0, count).indexOf(10)
    if (found >= 0) return Math.max(first, at + found + 1)
    if (count === 0) break
    at += count
  }
  return file.size
}
