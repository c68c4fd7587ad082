// Structs of JSON records as columns of their own: a struct becomes a column of bits, whose validity is the struct's, followed by the columns of its members,
// so that kernels/json-decode.ts reads all of a record in one pass. Lists and maps are read as texts, level by level: see json-nested.ts.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, isNested } from '../batch/data-type.ts'
import type { Device } from '../device/device.ts'
import { carrierOf } from './carrier.ts'
import type { JsonField } from './json-tables.ts'

/** Fields as they are decoded: members follow their struct, with `below` its count of them at all depths. */
export interface FlatFields {
  readonly fields: readonly JsonField[]
  /** By flat field: the position of the field that it lies in, or is. */
  readonly ownerOf: readonly number[]
  /** By field: its position among the flat ones. */
  readonly rootOf: readonly number[]
}

/** The fields by their carriers (carrier.ts), structs followed by what they hold. */
export function flatFields(fields: readonly JsonField[]): FlatFields {
  const flat: JsonField[] = []
  const ownerOf: number[] = []
  const add = (field: JsonField, owner: number) => {
    const { type } = field
    const nullable = field.nullable || type.kind === 'null'
    const at = flat.push({ ...field, type: carrierOf(type), nullable, isRaw: field.isRaw || isNested(type) }) - 1
    ownerOf.push(owner)
    if (type.kind !== 'struct') return
    for (const member of type.members) add(member, owner)
    flat[at] = { ...field, nullable, below: flat.length - at - 1 }
  }
  const rootOf = fields.map((field, i) => {
    const root = flat.length
    add(field, i)
    return root
  })
  return { fields: flat, ownerOf, rootOf }
}

/**
 * The column that begins at flat position `at`. A struct's children are its members' carriers; its `values` are the bits of its flat column: 1 where a value
 * is none of its type.
 */
export function carriedColumn(fields: readonly JsonField[], columns: readonly Column[], at: number): Column {
  const { type, below } = fields[at]!
  const column = columns[at]!
  if (type.kind !== 'struct') return column
  const children: Column[] = []
  for (let member = at + 1; member <= at + below!; member += 1 + (fields[member]!.below ?? 0)) children.push(carriedColumn(fields, columns, member))
  return { ...column, type, children }
}

/** The rows (ascending) of a carried struct whose values are none of its type. */
export function badRows(device: Device, { values, validity, length }: Column): number[] {
  const bytes = bitmapBytes(length)
  const bad = device.memory.bytes(values, bytes)
  const valid = validity === 0 ? undefined : device.memory.bytes(validity, bytes)
  const rows: number[] = []
  for (let byte = 0; byte < bytes; byte++) {
    const bits = bad[byte]! & (valid?.[byte] ?? 255)
    if (bits === 0) continue
    for (let row = 8 * byte; row < Math.min(length, 8 * byte + 8); row++) if (((bits >>> (row & 7)) & 1) === 1) rows.push(row)
  }
  return rows
}
