// Nexmark events as columns, written straight into the engine's memory. Long texts that events share (URLs, the pool of `extra`) are in an
// arena of their own, once per reader, which every batch holds.
import { assert } from '../base/errors.ts'
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { layoutOf } from '../batch/data-type.ts'
import { type Field, parseSchema } from '../batch/schema.ts'
import { type Arena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { NexmarkEvents, NexmarkKind } from './nexmark-events.ts'

/** The columns of each kind of event. */
export const nexmarkFields: Readonly<Record<NexmarkKind, readonly Field[]>> = {
  bid: parseSchema({ auction: 'int64', bidder: 'int64', price: 'int64', channel: 'utf8', url: 'utf8', dateTime: 'timestamp[ms]', extra: 'utf8' }, 'nexmark'),
  auction: parseSchema(
    {
      id: 'int64',
      itemName: 'utf8',
      description: 'utf8',
      initialBid: 'int64',
      reserve: 'int64',
      dateTime: 'timestamp[ms]',
      expires: 'timestamp[ms]',
      seller: 'int64',
      category: 'int64',
      extra: 'utf8',
    },
    'nexmark',
  ),
  person: parseSchema(
    { id: 'int64', name: 'utf8', emailAddress: 'utf8', creditCard: 'utf8', city: 'utf8', state: 'utf8', dateTime: 'timestamp[ms]', extra: 'utf8' },
    'nexmark',
  ),
}

/** The texts that events share, in memory: views ready to be copied. Lives in `arena`. */
export interface SharedTexts {
  readonly arena: Arena
  readonly pool: number
  /** Four words a channel: its view. */
  readonly channels: Int32Array
  readonly urls: Int32Array
}

/** Copies the shared texts into `arena`, about 1.8 MB. */
export function shareTexts(device: Device, arena: Arena, events: NexmarkEvents): SharedTexts {
  const { text } = events
  const pool = arena.allocate(text.pool.length)
  device.memory.write(pool, text.pool)
  return { arena, pool, channels: viewsOf(device, arena, text.channels), urls: viewsOf(device, arena, text.urls) }
}

function viewsOf(device: Device, arena: Arena, texts: readonly string[]): Int32Array {
  const heap = new TextWriter(
    device,
    arena,
    texts.reduce((sum, text) => sum + text.length, 0),
  )
  const views = new Int32Array(4 * texts.length)
  texts.forEach((text, i) => heap.write(views, 4 * i, text))
  return views
}

/** Writes ASCII texts behind views, into one piece of memory that is large enough for all. */
class TextWriter {
  readonly #bytes: Uint8Array
  readonly #address: number
  #used = 0
  constructor(device: Device, arena: Arena, bytesMax: number) {
    this.#address = arena.allocate(bytesMax)
    this.#bytes = device.memory.bytes(this.#address, bytesMax)
  }

  /** Writes the view of `text` at words[at]. */
  write(words: Int32Array, at: number, text: string): void {
    const { length } = text
    words[at] = length
    words[at + 1] = word(text, 0)
    if (length <= 12) {
      words[at + 2] = word(text, 4)
      words[at + 3] = word(text, 8)
      return
    }
    assert(this.#used + length <= this.#bytes.length, 'nexmark: a text is longer than its limit')
    words[at + 2] = 0
    words[at + 3] = this.#address + this.#used
    for (let i = 0; i < length; i++) this.#bytes[this.#used + i] = text.charCodeAt(i)
    this.#used += length
  }
}

function word(text: string, at: number): number {
  let bits = 0
  for (let i = Math.min(text.length, at + 4) - 1; i >= at; i--) bits = (bits << 8) | text.charCodeAt(i)
  return bits
}

// Bytes that a row's own texts need behind their views, at most.
const ownTextBytes: Readonly<Record<NexmarkKind, number>> = { bid: 0, auction: 20 + 100, person: 17 + 17 + 19 + 13 + 2 }

/**
 * A batch of the events of one kind among [start, end), at most `rowsMax`, in an arena that it holds alone; and where to go on.
 * `names`: only these columns are wanted. Cost: about 0.15 µs a bid with all columns.
 */
export function nexmarkBatch(
  device: Device,
  arena: Arena,
  events: NexmarkEvents,
  shared: SharedTexts,
  kind: NexmarkKind,
  fields: readonly Field[],
  start: number,
  end: number,
  rowsMax: number,
): { batch: Batch; next: number } {
  const columns = fields.map(field => allocateColumn(arena, field.type, rowsMax))
  const heap = new TextWriter(device, arena, ownTextBytes[kind] * rowsMax)
  const writers = fields.map((field, i) =>
    writerOf(field, device.memory.int32s(columns[i]!.values, (layoutOf(field.type) === 'view' ? 4 : 2) * rowsMax), events, shared, heap),
  )
  let rows = 0
  let k = start
  for (; k < end && rows < rowsMax; k++) {
    if (events.kindOf(k) !== kind) continue
    events.next(k)
    for (let i = 0; i < writers.length; i++) writers[i]!(rows)
    rows++
  }
  retainArena(device, shared.arena.address)
  arena.hold(shared.arena.address)
  return { batch: { fields, rowCount: rows, columns: columns.map(c => ({ ...c, length: rows }) satisfies Column), arena: arena.address }, next: k }
}

function writerOf(field: Field, words: Int32Array, events: NexmarkEvents, shared: SharedTexts, heap: TextWriter): (row: number) => void {
  const whole = (read: () => number) => (row: number) => {
    const value = read()
    words[2 * row] = value
    words[2 * row + 1] = Math.floor(value / 4294967296)
  }
  const text = (read: () => string) => (row: number) => heap.write(words, 4 * row, read())
  const copied = (views: Int32Array) => (row: number) => {
    const from = 4 * events.channel
    const to = 4 * row
    words[to] = views[from]!
    words[to + 1] = views[from + 1]!
    words[to + 2] = views[from + 2]!
    words[to + 3] = views[from + 3]!
  }
  const { pool } = events.text
  const writers: Record<string, (row: number) => void> = {
    auction: whole(() => events.auction),
    bidder: whole(() => events.bidder),
    price: whole(() => events.price),
    channel: copied(shared.channels),
    url: copied(shared.urls),
    dateTime: whole(() => events.time),
    extra: row => {
      const at = events.extraStart
      const bytes = events.extraBytes
      words[4 * row] = bytes
      words[4 * row + 1] = 0
      words[4 * row + 2] = 0
      words[4 * row + 3] = 0
      if (bytes > 12) {
        words[4 * row + 1] = pool[at]! | (pool[at + 1]! << 8) | (pool[at + 2]! << 16) | (pool[at + 3]! << 24)
        words[4 * row + 3] = shared.pool + at
      } else {
        for (let i = 0; i < bytes; i++) words[4 * row + 1 + (i >> 2)]! |= pool[at + i]! << (8 * (i & 3))
      }
    },
    id: whole(() => events.id),
    itemName: text(() => events.name),
    name: text(() => events.name),
    description: text(() => events.description),
    initialBid: whole(() => events.initialBid),
    reserve: whole(() => events.reserve),
    expires: whole(() => events.expires),
    seller: whole(() => events.seller),
    category: whole(() => events.category),
    emailAddress: text(() => events.email),
    creditCard: text(() => events.creditCard),
    city: text(() => events.city),
    state: text(() => events.state),
  }
  return writers[field.name]!
}
