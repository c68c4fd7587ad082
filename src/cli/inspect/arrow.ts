// An Arrow file's or stream's record batches, as their headers tell of them.
import type { ByteReader } from '../../base/bytes.ts'
import { DataError } from '../../base/errors.ts'
import { type ArrowFile, headerOf, readArrow, readMessage } from '../../format/arrow/read-arrow.ts'

/** A file. */
export interface ArrowInfo {
  readonly columns: ArrowFile['columns']
  readonly dictionaries: number
  readonly batches: readonly { readonly rows: number; readonly bytes: number }[]
}

/** Looks at a file. Throws DataError. */
export function inspectArrow(reader: ByteReader, name: string): ArrowInfo {
  const { columns, batches, dictionaries } = readArrow(reader, name)
  const parts = batches.map((block, i) => {
    const where = `${name}, record batch ${i}`
    const rows = headerOf(readMessage(reader, block, where), where).i64(0)
    if (rows < 0 || rows > 0x7fffffff) throw new DataError('ARROW_MESSAGE', `${where}: it is said to have ${rows} rows; the file is broken, write it again`)
    return { rows, bytes: block.bodyBytes }
  })
  return { columns, dictionaries: dictionaries.length, batches: parts }
}
