// Texts of a collected table that repeat: numbers into a dictionary that the table's batches share, and Arrow's layout only once somebody asks for it.
import { DataError } from '../base/errors.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Value } from '../batch/read-values.ts'
import type { OwnedColumn } from './owned-columns.ts'

/** The values of a dictionary in the program's own memory. */
export interface OwnedDictionary {
  readonly offsets: Int32Array
  readonly bytes: Uint8Array<ArrayBuffer>
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** A utf8 or binary column by codes. `offsets` and `bytes` are made at first use, at the cost of a pass. */
export class CodedColumn implements OwnedColumn {
  readonly type: DataType
  readonly length: number
  readonly validity?: Uint8Array
  readonly #codes: Uint32Array
  readonly #dictionary: OwnedDictionary
  #expanded: OwnedDictionary | undefined
  constructor(type: DataType, codes: Uint32Array, dictionary: OwnedDictionary, validity: Uint8Array | undefined) {
    this.type = type
    this.length = codes.length
    this.#codes = codes
    this.#dictionary = dictionary
    if (validity) this.validity = validity
  }

  get(row: number): Value {
    if (this.#isNull(row)) return null
    const bytes = this.#part(this.#codes[row]!)
    return this.type.kind === 'utf8' ? decoder.decode(bytes) : bytes
  }

  get offsets(): Int32Array {
    return this.#expand().offsets
  }
  /** Throws DataError TABLE_SIZE. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#expand().bytes
  }

  #isNull(row: number): boolean {
    return this.validity !== undefined && ((this.validity[row >>> 3]! >>> (row & 7)) & 1) === 0
  }

  #part(code: number): Uint8Array<ArrayBuffer> {
    const { offsets, bytes } = this.#dictionary
    return bytes.subarray(offsets[code]!, offsets[code + 1]!)
  }

  // Nothing lies behind a null.
  #expand(): OwnedDictionary {
    if (this.#expanded) return this.#expanded
    const lengths = this.#dictionary.offsets
    const offsets = new Int32Array(this.length + 1)
    let end = 0
    this.#codes.forEach((code, row) => {
      if (!this.#isNull(row)) end += lengths[code + 1]! - lengths[code]!
      offsets[row + 1] = end
    })
    if (end >= 2 ** 31) throw new DataError('TABLE_SIZE', `collect: a batch of ${this.length} rows holds ${end} bytes of text, an Arrow table at most 2^31 − 1 a batch; give a smaller batchRows, or write a file`)
    const bytes = new Uint8Array(end)
    this.#codes.forEach((code, row) => offsets[row + 1]! > offsets[row]! && bytes.set(this.#part(code), offsets[row]!))
    this.#expanded = { offsets, bytes }
    return this.#expanded
  }
}
