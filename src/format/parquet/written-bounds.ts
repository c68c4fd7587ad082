// The bounds of the values written so far, as the statistics have them: bytes as PLAIN has them, those of texts without a length.
import { layoutOf } from '../../batch/data-type.ts'
import { boundsOf } from '../../compute/parquet-encode.ts'
import type { Device } from '../../device/device.ts'
import type { StoredAs } from './column-type.ts'

const boundBytesMax = 64

/** The least and the greatest value of a column of `stored`; there are none once a value had no order or was too long to be a bound. */
export class WrittenBounds {
  readonly #device: Device
  readonly #stored: StoredAs
  #least: Uint8Array | undefined
  #most: Uint8Array | undefined
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
    const [layout, isFloat] = [layoutOf(stored), stored.kind === 'float64']
    const bounds = boundsOf(this.#device, layout, isFloat, values, count, scratch)
    if (!bounds || (layout === 'view' && Math.max(bounds.least.byteLength, bounds.most.byteLength) > boundBytesMax)) {
      this.#isLost = true
      return
    }
    const order = layout === 'view' ? compareBytes : isFloat ? compareFloats : compareInts
    if (!this.#least || order(bounds.least, this.#least) < 0) this.#least = bounds.least
    if (!this.#most || order(bounds.most, this.#most) > 0) this.#most = bounds.most
  }

  /** The bounds, if there are any. */
  get ends(): { readonly least?: Uint8Array; readonly most?: Uint8Array } {
    return this.#isLost || !this.#least || !this.#most ? {} : { least: this.#least, most: this.#most }
  }

  /** Begins anew. */
  clear(): void {
    this.#least = undefined
    this.#most = undefined
    this.#isLost = !this.#stored.hasBounds
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.byteLength, b.byteLength)
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.byteLength - b.byteLength
}

function compareFloats(a: Uint8Array, b: Uint8Array): number {
  return new DataView(a.buffer, a.byteOffset).getFloat64(0, true) - new DataView(b.buffer, b.byteOffset).getFloat64(0, true)
}

// Little-endian two's complement of equal width.
function compareInts(a: Uint8Array, b: Uint8Array): number {
  const top = a.byteLength - 1
  if (a[top] !== b[top]) return ((a[top]! << 24) >> 24) - ((b[top]! << 24) >> 24)
  for (let i = top - 1; i >= 0; i--) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}
