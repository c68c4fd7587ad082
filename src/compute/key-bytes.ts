// Values of lists, structs and maps as bytes that are equal where the values are: what makes them keys. Each part is told from the next by its length, so
// that no two values share their bytes. Cost: JavaScript, about 0.2 µs a part.
import type { Column } from '../batch/batch.ts'
import { layoutOf, valueBytes } from '../batch/data-type.ts'
import { viewBytes } from '../batch/read-values.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Memory } from '../device/memory.ts'

/** The address in `arena` of a view per row onto the bytes of its value; nulls have the empty view. */
export function encodeKeys(device: Device, arena: Arena, column: Column): number {
  const out = new Bytes()
  const ends = new Uint32Array(column.length)
  const valid = isValidIn(device.memory, column)
  const write = writerOf(device.memory, column)
  for (let row = 0; row < column.length; row++) {
    if (valid(row)) write(out, row)
    ends[row] = out.length
  }
  const heap = arena.allocate(out.length)
  device.memory.write(heap, out.bytes.subarray(0, out.length))
  const offsets = arena.allocate(4 * (column.length + 1))
  const words = device.memory.uint32s(offsets, column.length + 1)
  words[0] = 0
  words.set(ends, 1)
  const views = arena.allocate(16 * column.length)
  device.kernels.offsetsToViews(offsets, column.length, 0, heap, out.length, views)
  return views
}

// Bytes that grow.
class Bytes {
  bytes = new Uint8Array(1 << 12)
  length = 0
  #words = new DataView(this.bytes.buffer)

  put(part: Uint8Array): void {
    this.#room(part.length)
    this.bytes.set(part, this.length)
    this.length += part.length
  }
  count(value: number): void {
    this.#room(4)
    this.#words.setUint32(this.length, value, true)
    this.length += 4
  }
  float(value: number): void {
    this.#room(8)
    this.#words.setFloat64(this.length, Number.isNaN(value) ? Number.NaN : value + 0, true)
    this.length += 8
  }
  byte(value: number): void {
    this.#room(1)
    this.bytes[this.length++] = value
  }

  #room(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + count))
    grown.set(this.bytes)
    this.bytes = grown
    this.#words = new DataView(grown.buffer)
  }
}

type Writer = (out: Bytes, row: number) => void

function isValidIn(memory: Memory, { type, validity, length }: Column): (row: number) => boolean {
  if (type.kind === 'null') return () => false
  if (validity === 0) return () => true
  const bits = memory.bytes(validity, Math.ceil(length / 8))
  return row => ((bits[row >>> 3]! >>> (row & 7)) & 1) === 1
}

// A part that may be null: a byte that says whether it is, then its bytes.
function partOf(memory: Memory, column: Column): Writer {
  const valid = isValidIn(memory, column)
  const write = writerOf(memory, column)
  return (out, row) => {
    const isValue = valid(row)
    out.byte(isValue ? 1 : 0)
    if (isValue) write(out, row)
  }
}

function writerOf(memory: Memory, column: Column): Writer {
  const { type, values, length } = column
  switch (layoutOf(type)) {
    case 'none':
      return () => {}
    case 'bit': {
      const bits = memory.bytes(values, Math.ceil(length / 8))
      return (out, row) => out.byte((bits[row >>> 3]! >>> (row & 7)) & 1)
    }
    case 'view':
      return (out, row) => {
        const bytes = viewBytes(memory, values + 16 * row)
        out.count(bytes.length)
        out.put(bytes)
      }
    case 'list': {
      const offsets = memory.int32s(values, length + 1)
      const item = partOf(memory, column.children![0]!)
      return (out, row) => {
        out.count(offsets[row + 1]! - offsets[row]!)
        for (let i = offsets[row]!; i < offsets[row + 1]!; i++) item(out, i)
      }
    }
    case 'children': {
      const parts = column.children!.map(child => partOf(memory, child))
      if (type.kind !== 'fixedList') {
        return (out, row) => {
          for (const part of parts) part(out, row)
        }
      }
      return (out, row) => {
        for (let i = 0; i < type.size; i++) parts[0]!(out, row * type.size + i)
      }
    }
    default:
      return flatWriter(memory, column)
  }
}

// The bytes as they lie, but for floats: there NaN is one value, and −0 is 0.
function flatWriter(memory: Memory, { type, values, length }: Column): Writer {
  if (type.kind === 'float64' || type.kind === 'float32') {
    const numbers = type.kind === 'float64' ? memory.float64s(values, length) : memory.float32s(values, length)
    return (out, row) => out.float(numbers[row]!)
  }
  const width = valueBytes(type, 1)
  const bytes = memory.bytes(values, width * length)
  if (type.kind !== 'float16') return (out, row) => out.put(bytes.subarray(row * width, (row + 1) * width))
  const halves = memory.uint16s(values, length)
  return (out, row) => {
    const bits = halves[row]!
    const one = (bits & 0x7fff) > 0x7c00 ? 0x7e00 : bits === 0x8000 ? 0 : bits
    out.byte(one & 255)
    out.byte(one >>> 8)
  }
}
