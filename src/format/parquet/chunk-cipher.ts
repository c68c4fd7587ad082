// The modules of one encrypted column chunk: each is opened, or sealed, at its place.
import type { ParquetCipher } from './crypto-metadata.ts'
import { associatedData, cipherModule, decipherModule, type ModuleKind, openModule, sealModule } from './module-cipher.ts'

/** What all modules of a file share. */
export interface FileCipher {
  readonly cipher: ParquetCipher
  /** Prefix and unique bytes: what all modules are bound to. */
  readonly aad: Uint8Array
  /** Undefined where only columns' keys are known. */
  readonly footerKey: Uint8Array | undefined
}

/** Opens and seals the modules of a chunk by their kind, those of pages by their number among the data pages. */
export class ChunkCipher {
  readonly #file: Pick<FileCipher, 'cipher' | 'aad'>
  readonly #key: Uint8Array
  readonly #rowGroup: number
  readonly #column: number

  /** `rowGroup` and `column` count the file's row groups and the leaves of its schema. */
  constructor(file: Pick<FileCipher, 'cipher' | 'aad'>, key: Uint8Array, rowGroup: number, column: number) {
    this.#file = file
    this.#key = key
    this.#rowGroup = rowGroup
    this.#column = column
  }

  /** What a module holds, given without its length; undefined where it doesn't belong here, the key is another or a bit was changed. Pages in CTR open always. */
  open(kind: ModuleKind, sealed: Uint8Array, page?: number): Uint8Array | undefined {
    return this.#isCounter(kind) ? decipherModule(this.#key, sealed) : openModule(this.#key, sealed, this.#associated(kind, page))
  }

  /** A whole module, with its length. */
  seal(kind: ModuleKind, bytes: Uint8Array, page?: number): Uint8Array {
    return this.#isCounter(kind) ? cipherModule(this.#key, bytes) : sealModule(this.#key, bytes, this.#associated(kind, page))
  }

  #isCounter(kind: ModuleKind): boolean {
    return this.#file.cipher === 'AES_GCM_CTR_V1' && (kind === 'data page' || kind === 'dictionary page')
  }

  #associated(kind: ModuleKind, page: number | undefined): Uint8Array {
    return associatedData(this.#file.aad, { kind, rowGroup: this.#rowGroup, column: this.#column, ...(page !== undefined && { page }) })
  }
}

/** What a module holds, given with its length, which must be that of the bytes; undefined as `open`. */
export function openWhole(cipher: ChunkCipher, kind: ModuleKind, module: Uint8Array): Uint8Array | undefined {
  const length = module.byteLength < 4 ? -1 : new DataView(module.buffer, module.byteOffset, 4).getUint32(0, true)
  return length === module.byteLength - 4 ? cipher.open(kind, module.subarray(4)) : undefined
}
