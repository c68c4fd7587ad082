// Schemas as Arrow writes them (apache/arrow, format/Schema.fbs). A timestamp without a zone is in UTC, and says so.
import { childrenOf, type DataType, type StructMember } from '../../batch/data-type.ts'
import type { FlatField, FlatWriter } from './write-flat.ts'

const unitNumbers = { s: 0, ms: 1, us: 2, ns: 3 } as const

/** A schema of `fields`; returns its place. */
export function schemaTable(flat: FlatWriter, fields: readonly StructMember[]): number {
  const list = flat.places(fields.map(field => fieldTable(flat, field)))
  return flat.table([
    [0, 'i16', 0],
    [1, 'place', list],
  ])
}

function fieldTable(flat: FlatWriter, { name, type, nullable }: StructMember): number {
  const children = flat.places(childrenOf(type).map(child => fieldTable(flat, child)))
  const parameters = flat.table(parametersOf(flat, type))
  const text = flat.text(name)
  return flat.table([
    [0, 'place', text],
    [1, 'u8', nullable ? 1 : 0],
    [2, 'u8', typeNumbers[type.kind]],
    [3, 'place', parameters],
    [5, 'place', children],
  ])
}

const typeNumbers: Readonly<Record<DataType['kind'], number>> = {
  null: 1,
  int8: 2,
  int16: 2,
  int32: 2,
  int64: 2,
  uint8: 2,
  uint16: 2,
  uint32: 2,
  uint64: 2,
  float16: 3,
  float32: 3,
  float64: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  interval: 11,
  list: 12,
  struct: 13,
  fixedBinary: 15,
  fixedList: 16,
  map: 17,
  duration: 18,
}

function parametersOf(flat: FlatWriter, type: DataType): FlatField[] {
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'uint8':
    case 'uint16':
    case 'uint32':
    case 'uint64':
      return [
        [0, 'i32', Number(type.kind.replace(/\D+/, ''))],
        [1, 'u8', type.kind.startsWith('u') ? 0 : 1],
      ]
    case 'float16':
    case 'float32':
    case 'float64':
      return [[0, 'i16', { float16: 0, float32: 1, float64: 2 }[type.kind]]]
    case 'decimal':
      return [
        [0, 'i32', type.precision],
        [1, 'i32', type.scale],
        [2, 'i32', 128],
      ]
    case 'date':
      return [[0, 'i16', 0]]
    case 'time':
      return [
        [0, 'i16', unitNumbers[type.unit]],
        [1, 'i32', type.unit === 's' || type.unit === 'ms' ? 32 : 64],
      ]
    case 'timestamp':
      return [
        [0, 'i16', unitNumbers[type.unit]],
        [1, 'place', flat.text(type.zone ?? 'UTC')],
      ]
    case 'duration':
      return [[0, 'i16', unitNumbers[type.unit]]]
    case 'interval':
      return [[0, 'i16', 2]]
    case 'fixedBinary':
    case 'fixedList':
      return [[0, 'i32', type.size]]
    default:
      return []
  }
}
