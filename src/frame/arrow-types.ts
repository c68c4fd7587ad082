// Types of apache-arrow and of the engine, each as the other.
import type * as Arrow from 'apache-arrow'
import { PlanError } from '../base/errors.ts'
import { type DataType, entriesOf, type StructMember, type TimeUnit } from '../batch/data-type.ts'
import { isZone } from '../batch/type-name.ts'
import type { ArrowLibrary } from './arrow-library.ts'

const units: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns']

/** The apache-arrow type of an engine type. */
export function arrowType(a: ArrowLibrary, type: DataType): Arrow.DataType {
  switch (type.kind) {
    case 'decimal':
      return new a.Decimal(type.scale, type.precision, 128)
    case 'fixedBinary':
      return new a.FixedSizeBinary(type.size)
    case 'date':
      return new a.DateDay()
    case 'time':
      return new a.Time(units.indexOf(type.unit), type.unit === 's' || type.unit === 'ms' ? 32 : 64) as Arrow.DataType
    case 'timestamp':
      return new a.Timestamp(units.indexOf(type.unit), type.zone)
    case 'duration':
      return new a.Duration(units.indexOf(type.unit))
    case 'interval':
      return new a.IntervalMonthDayNano()
    case 'list':
      return new a.List(arrowField(a, { name: 'item', ...type.item }))
    case 'fixedList':
      return new a.FixedSizeList(type.size, arrowField(a, { name: 'item', ...type.item }))
    case 'struct':
      return new a.Struct(type.members.map(member => arrowField(a, member)))
    case 'map':
      return new a.Map_(arrowField(a, { name: 'entries', type: entriesOf(type), nullable: false }) as never)
    default:
      return new a[plain[type.kind]]()
  }
}

const plain = {
  null: 'Null',
  bool: 'Bool',
  int8: 'Int8',
  int16: 'Int16',
  int32: 'Int32',
  int64: 'Int64',
  uint8: 'Uint8',
  uint16: 'Uint16',
  uint32: 'Uint32',
  uint64: 'Uint64',
  float16: 'Float16',
  float32: 'Float32',
  float64: 'Float64',
  utf8: 'Utf8',
  binary: 'Binary',
} as const

/** A field of apache-arrow. */
export function arrowField(a: ArrowLibrary, { name, type, nullable }: StructMember): Arrow.Field {
  return new a.Field(name, arrowType(a, type), nullable)
}

// By Type numbers, which are the same in every copy of the library, unlike its classes.
const byTypeId: Readonly<Record<number, DataType>> = {
  1: { kind: 'null' },
  4: { kind: 'binary' },
  5: { kind: 'utf8' },
  6: { kind: 'bool' },
  19: { kind: 'binary' },
  20: { kind: 'utf8' },
  23: { kind: 'binary' },
  24: { kind: 'utf8' },
}

/**
 * The engine type of an apache-arrow type: dictionaries as their values; all layouts of texts, bytes and lists alike; dates of milliseconds as timestamps, since
 * they may hold a time. Throws PlanError ARROW_TYPE for unions, wider decimals and
 * structs with two members of one name.
 */
export function typeOfArrow(name: string, type: Arrow.DataType): DataType {
  const known = byTypeId[type.typeId]
  if (known) return known
  const unitOf = (t: unknown) => units[(t as { unit: number }).unit]!
  const items = (t: Arrow.DataType) => memberOf(name, t.children[0]!)
  switch (type.typeId) {
    case -1:
      return typeOfArrow(name, (type as Arrow.Dictionary).dictionary)
    case 2:
      return { kind: `${(type as Arrow.Int).isSigned ? '' : 'u'}int${(type as Arrow.Int).bitWidth}` as 'int8' }
    case 3:
      return { kind: (['float16', 'float32', 'float64'] as const)[(type as Arrow.Float).precision]! }
    case 7: {
      const { precision, scale, bitWidth } = type as Arrow.Decimal
      if (bitWidth <= 128 && precision <= 38 && scale >= 0 && scale <= precision) return { kind: 'decimal', precision, scale }
      break
    }
    case 8:
      return (type as Arrow.Date_).unit === 0 ? { kind: 'date' } : { kind: 'timestamp', unit: 'ms' }
    case 9:
      return { kind: 'time', unit: unitOf(type) }
    case 10: {
      const zone = (type as Arrow.Timestamp).timezone
      return { kind: 'timestamp', unit: unitOf(type), ...(zone && isZone(zone) && { zone }) }
    }
    case 11:
      return { kind: 'interval' }
    case 12:
    case 21:
      return { kind: 'list', item: items(type) }
    case 13:
      if (new Set(type.children.map((child: Arrow.Field) => child.name)).size < type.children.length) break
      return { kind: 'struct', members: type.children.map((child: Arrow.Field) => ({ name: child.name, ...memberOf(name, child) })) }
    case 15:
      if ((type as Arrow.FixedSizeBinary).byteWidth < 1) break
      return { kind: 'fixedBinary', size: (type as Arrow.FixedSizeBinary).byteWidth }
    case 16:
      return { kind: 'fixedList', item: items(type), size: (type as Arrow.FixedSizeList).listSize }
    case 17: {
      const [key, value] = type.children[0]!.type.children as [Arrow.Field, Arrow.Field]
      return { kind: 'map', key: typeOfArrow(name, key.type), value: memberOf(name, value) }
    }
    case 18:
      return { kind: 'duration', unit: unitOf(type) }
    default:
      break
  }
  throw new PlanError('ARROW_TYPE', `from: column "${name}" is ${type}, which has no Millrace type; cast it first, or leave it out by table.select`)
}

function memberOf(name: string, field: Arrow.Field): { type: DataType; nullable: boolean } {
  return { type: typeOfArrow(name, field.type), nullable: field.nullable }
}
