// The bounds of the values written so far, as statistics and page indexes have them: bytes as PLAIN has them, those of texts without a length, and cut where they are long.
import { layoutOf } from '../../batch/data-type.ts'
import { boundsOf } from '../../compute/parquet-encode.ts'
import type { Device } from '../../device/device.ts'
import type { StoredAs } from './column-type.ts'

const boundBytesMax = 64

/** The bounds of some values; those that were cut are below and above all of them. */
export interface WrittenEnds {
  readonly least: Uint8Array
  readonly most: Uint8Array
  readonly isLeastCut: boolean
  readonly isMostCut: boolean
}

/** The least and the greatest value of a column of `stored`; there are none once a value had no order, or was a long text of bytes that nothing is above. */
export class WrittenBounds {
  readonly #device: Device
  readonly #stored: StoredAs
  #ends: WrittenEnds | undefined
  #isLost = false
  constructor(device: Device, stored: StoredAs) {
    this.#device = device
    this.#stored = stored
    this.clear()
  }

  /** Takes `count` > 0 stored values. `scratch` has 16 bytes. */
  widen(values: number, count: number, scratch: number): void {
    if (this.#isLost) return
    const { stored } = this.#stored
    const bounds = boundsOf(this.#device, layoutOf(stored), stored.kind === 'float64', values, count, scratch)
    const most = bounds && raised(bounds.most, stored.kind === 'utf8')
    if (!bounds || !most) {
      this.#isLost = true
      return
    }
    const { least } = bounds
    this.#join({ least: least.subarray(0, boundBytesMax), most, isLeastCut: least.byteLength > boundBytesMax, isMostCut: bounds.most.byteLength > boundBytesMax })
  }

  /** Takes all values of another one. */
  merge(other: WrittenBounds): void {
    if (other.#isLost) this.#isLost = true
    else if (other.#ends) this.#join(other.#ends)
  }

  /** The bounds, if there are any. */
  get ends(): WrittenEnds | undefined {
    return this.#isLost ? undefined : this.#ends
  }

  /** Begins anew. */
  clear(): void {
    this.#ends = undefined
    this.#isLost = !this.#stored.hasBounds
  }

  #join(more: WrittenEnds): void {
    const known = this.#ends
    const order = boundOrder(this.#stored)
    const hasLess = !known || order(more.least, known.least) < 0
    const hasMore = !known || order(more.most, known.most) > 0
    const [low, high] = [hasLess ? more : known, hasMore ? more : known]
    this.#ends = { least: low.least, isLeastCut: low.isLeastCut, most: high.most, isMostCut: high.isMostCut }
  }
}

/** How the bounds of a stored type compare: below 0 where the first is less. */
export function boundOrder({ stored }: StoredAs): (a: Uint8Array, b: Uint8Array) => number {
  return layoutOf(stored) === 'view' ? compareBytes : stored.kind === 'float64' ? compareFloats : compareInts
}

// Bytes that are cut are raised by one in their last place that can be; undefined where none can. A text stays one.
function raised(bytes: Uint8Array, isText: boolean): Uint8Array | undefined {
  if (bytes.byteLength <= boundBytesMax) return bytes
  let end = boundBytesMax
  if (!isText) {
    while (end > 0 && bytes[end - 1] === 255) end--
    const out = bytes.slice(0, end)
    if (end > 0) out[end - 1]!++
    return end > 0 ? out : undefined
  }
  for (; end > 0; end--) {
    // At the start of a character, the one before is raised, unless it would become one of no or more bytes.
    if (isInside(bytes[end]!)) continue
    let start = end - 1
    while (start > 0 && isInside(bytes[start]!)) start--
    const next = Array.from(new TextDecoder().decode(bytes.subarray(start, end)))[0]!.codePointAt(0)! + 1
    const character = next === 0xd800 ? 0xe000 : next
    const text = character > 0x10ffff ? new Uint8Array() : new TextEncoder().encode(String.fromCodePoint(character))
    if (text.byteLength === end - start) return Uint8Array.from([...bytes.subarray(0, start), ...text])
  }
  return undefined
}

function isInside(byte: number): boolean {
  return byte >> 6 === 2
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.byteLength, b.byteLength)
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.byteLength - b.byteLength
}

// −0 and 0 are the same.
function compareFloats(a: Uint8Array, b: Uint8Array): number {
  const [x, y] = [a, b].map(bytes => new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true)) as [number, number]
  return x < y ? -1 : x > y ? 1 : 0
}

// Little-endian two's complement of equal width.
function compareInts(a: Uint8Array, b: Uint8Array): number {
  const top = a.byteLength - 1
  if (a[top] !== b[top]) return ((a[top]! << 24) >> 24) - ((b[top]! << 24) >> 24)
  for (let i = top - 1; i >= 0; i--) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}
