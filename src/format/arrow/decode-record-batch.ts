// Arrow record batches into the engine's columns: which of its columns, and the dictionaries that they need.
import { DataError } from '../../base/errors.ts'
import type { Column } from '../../batch/batch.ts'
import { noColumn } from '../../batch/schema.ts'
import { concatColumns } from '../../compute/concat.ts'
import { nullColumn } from '../../compute/null-column.ts'
import type { Arena } from '../../device/arena.ts'
import { type ArrowDecode, BatchBuffers } from './batch-buffers.ts'
import { decodeNode, type NodeContext } from './decode-node.ts'
import { type ArrowBlock, type ArrowFile, headerOf, readMessage } from './read-arrow.ts'
import type { ArrowNode } from './read-type.ts'

export type { ArrowDecode } from './batch-buffers.ts'

/** The columns of a file by name, in this order; undefined = all. Throws PlanError NO_COLUMN, DataError UNREADABLE_COLUMN. */
export function selectArrowColumns(file: ArrowFile, names: readonly string[] | undefined, where: string): number[] {
  const chosen = names ? names.map(name => positionOf(file, name, where)) : file.columns.map((_, i) => i)
  const bad = chosen.map(i => file.columns[i]!).find(c => c.unreadable !== undefined)
  if (bad) {
    const readable = file.columns.filter(c => c.unreadable === undefined).map(c => c.field.name)
    throw new DataError(
      'UNREADABLE_COLUMN',
      `${where}, column "${bad.field.name}": it is ${bad.unreadable}, which Millrace can't read; select other columns: ${readable.join(', ') || 'there are none'}`,
    )
  }
  return chosen
}

function positionOf(file: ArrowFile, name: string, where: string): number {
  const fields = file.columns.map(c => c.field)
  const index = fields.findIndex(f => f.name === name)
  if (index < 0) throw noColumn(name, fields, where)
  return index
}

/** Rows of a record batch, without decoding it. Throws DataError. */
export function arrowRowCount(decode: ArrowDecode, index: number): number {
  return new BatchBuffers(decode, decode.file.batches[index]!, `${decode.where}, record batch ${index}`).rowCount
}

/**
 * Decodes the chosen columns of record batch `index` into `arena`. Strings are views into buffers in the same arena; texts of dictionaries have codes.
 * Throws DataError ARROW_MESSAGE, ARROW_BUFFER, ARROW_OFFSETS, ARROW_DICTIONARY, ARROW_CODEC.
 */
export function decodeRecordBatch(decode: ArrowDecode, arena: Arena, index: number, columns: readonly number[]): { rowCount: number; columns: Column[] } {
  const { file } = decode
  const block = file.batches[index]!
  const buffers = new BatchBuffers(decode, block, `${decode.where}, record batch ${index}`)
  const context = { buffers, arena, dictionaryOf: dictionariesBefore(decode, arena, block) }
  const decoded = columns.map(i => {
    const { node, field } = file.columns[i]!
    return decodeNode(context, node!, buffers.cursorOf(file.columns, i), field.name, buffers.rowCount)
  })
  return { rowCount: buffers.rowCount, columns: decoded }
}

// The dictionaries of nodes as of a batch, each read once.
function dictionariesBefore(decode: ArrowDecode, arena: Arena, block: ArrowBlock): NodeContext['dictionaryOf'] {
  const read = new Map<ArrowNode, Column>()
  const dictionaryOf = (node: ArrowNode): Column => {
    let found = read.get(node)
    if (!found) {
      found = readDictionary(decode, arena, node, block, dictionaryOf)
      read.set(node, found)
    }
    return found
  }
  return dictionaryOf
}

// The dictionary of a column as of `before`: the last whole one in front of it, and the deltas that follow. In a file all stand in front.
function readDictionary(decode: ArrowDecode, arena: Arena, node: ArrowNode, before: ArrowBlock, dictionaryOf: NodeContext['dictionaryOf']): Column {
  const { file, reader, where } = decode
  const { dictionary, ...plain } = node
  const place = `${where}, dictionary ${dictionary!.id}`
  const parts: Column[] = []
  for (const block of file.dictionaries) {
    if (block.metadataStart > before.metadataStart && parts.length > 0) break
    const header = headerOf(readMessage(reader, block, place), place)
    if (header.i64(0) !== dictionary!.id) continue
    if (!header.bool(2)) parts.length = 0
    const data = header.table(1)
    if (!data) throw new DataError('ARROW_DICTIONARY', `${place}: the dictionary has no data; the file is corrupt`)
    const buffers = new BatchBuffers(decode, block, place, data)
    parts.push(decodeNode({ buffers, arena, dictionaryOf }, plain, { node: 0, buffer: 0, variadic: 0 }, `dictionary ${dictionary!.id}`, buffers.rowCount))
  }
  if (parts.length === 0) return nullColumn(arena, node.type, 0)
  return parts.length === 1 ? parts[0]! : concatColumns(decode.device, arena, node.type, parts)
}
