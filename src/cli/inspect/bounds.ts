// Bounds of statistics as people read them: times and decimals as such, UUIDs in their own form, bytes as hex.
import { float16Number } from '../../batch/float16.ts'
import type { Stored } from '../../batch/stored-value.ts'
import { showValue } from '../../batch/value-text.ts'
import { boundValue } from '../../format/parquet/bound-value.ts'
import { chunkBounds } from '../../format/parquet/chunk-bounds.ts'
import type { ColumnChunk } from '../../format/parquet/metadata.ts'
import type { ParquetLeaf } from '../../format/parquet/schema-tree.ts'

/** Bounds as texts; null where nothing is known. */
export interface BoundTexts {
  readonly min: string | null
  readonly max: string | null
}

/** A bound's text. Bytes are hex with all their digits. */
export function boundText({ field: { type }, isUuid }: ParquetLeaf, bound: Stored | undefined): string | null {
  if (bound === undefined) return null
  const value = boundValue(type, bound)
  if (!(value instanceof Uint8Array)) return showValue(value, type)
  const hex = Array.from(value, byte => byte.toString(16).padStart(2, '0')).join('')
  return isUuid && value.length === 16 ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : `0x${hex}`
}

/** What a chunk's statistics say of its values. */
export function chunkBoundTexts(leaf: ParquetLeaf, chunk: ColumnChunk): BoundTexts {
  if (leaf.field.type.kind === 'float16') return { min: halfText(chunk.statistics?.min), max: halfText(chunk.statistics?.max) }
  const { least, greatest } = chunkBounds(leaf, chunk)
  return { min: boundText(leaf, least), max: boundText(leaf, greatest) }
}

// No filter uses these, so that readers don't decode them.
function halfText(bytes: Uint8Array | undefined): string | null {
  if (bytes?.length !== 2) return null
  const number = float16Number(bytes[0]! | (bytes[1]! << 8))
  return Number.isNaN(number) ? null : Object.is(number, -0) ? '-0' : String(number)
}
