// Arrow's types (apache/arrow, format/Schema.fbs) as the engine's, and how their values lie in a record batch.
import { bool, type DataType, type StructMember, type TimeUnit } from '../../batch/data-type.ts'
import { isZone } from '../../batch/type-name.ts'
import type { FlatTable } from './read-flat.ts'

/**
 * How values lie. word: as in the engine, `width` bytes each. Others are made of what the file has: time32 of 4 bytes, months of 4, dayTime of 8, decimal32 and
 * decimal64 as their names say. offsets: texts and bytes; list: lists and maps; listView: lists of any place.
 */
export type ArrowLayout =
  | { kind: 'none' | 'bool' | 'struct' | 'fixedList' }
  | { kind: 'word'; width: number }
  | { kind: 'time32' | 'months' | 'dayTime' | 'decimal32' | 'decimal64' }
  | { kind: 'offsets' | 'list' | 'listView'; large: boolean }
  | { kind: 'views' }

/** A column or a part of one. With a dictionary its values are indices, and all else is about the dictionary's values. */
export interface ArrowNode {
  readonly type: DataType
  readonly layout: ArrowLayout
  readonly children: readonly ArrowNode[]
  /** The dictionary's id, and the indices' layout. */
  readonly dictionary?: { readonly id: number; readonly bytes: 1 | 2 | 4 | 8; readonly signed: boolean }
}

/** A child of a nested type. */
export interface ArrowChild {
  readonly name: string
  readonly nullable: boolean
  readonly node: ArrowNode
}

const units: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns']
const floats = ['float16', 'float32', 'float64'] as const

/** What the type numbers of Schema.fbs mean, for messages. */
export const typeNames: readonly string[] = [
  'nothing',
  'null',
  'int',
  'float',
  'binary',
  'utf8',
  'bool',
  'decimal',
  'date',
  'time',
  'timestamp',
  'interval',
  'list',
  'struct',
  'union',
  'fixed-size binary',
  'fixed-size list',
  'map',
  'duration',
  'large binary',
  'large utf8',
  'large list',
  'run-end encoded',
  'binary view',
  'utf8 view',
  'list view',
  'large list view',
]

/** The type and layout of an Arrow type, or what it is where Millrace has none. */
export function mapType(type: number, parameters: FlatTable | undefined, children: readonly ArrowChild[]): ArrowNode | string {
  switch (type) {
    case 1:
      return flat({ kind: 'null' }, { kind: 'none' })
    case 2:
      return mapInt(parameters?.i32(0) ?? 0, parameters?.bool(1) ?? false)
    case 3: {
      const precision = parameters?.i16(0) ?? 0
      const kind = floats[precision]
      return kind ? word({ kind }, 2 << precision) : `a float of precision ${precision}`
    }
    case 4:
    case 19:
      return flat({ kind: 'binary' }, { kind: 'offsets', large: type === 19 })
    case 5:
    case 20:
      return flat({ kind: 'utf8' }, { kind: 'offsets', large: type === 20 })
    case 6:
      return flat(bool, { kind: 'bool' })
    case 7:
      return mapDecimal(parameters?.i32(0) ?? 0, parameters?.i32(1) ?? 0, parameters?.i32(2, 128) ?? 128)
    case 8:
    case 9:
    case 10:
    case 11:
    case 18:
      return mapTime(type, parameters)
    case 15: {
      const size = parameters?.i32(0) ?? 0
      return size >= 1 && size <= 0x100000 ? word({ kind: 'fixedBinary', size }, size) : `a fixed-size binary of ${size} bytes`
    }
    case 23:
    case 24:
      return flat({ kind: type === 24 ? 'utf8' : 'binary' }, { kind: 'views' })
    default:
      return mapNested(type, parameters, children)
  }
}

function flat(type: DataType, layout: ArrowLayout): ArrowNode {
  return { type, layout, children: [] }
}

function word(type: DataType, width: number): ArrowNode {
  return flat(type, { kind: 'word', width })
}

function mapInt(bits: number, signed: boolean): ArrowNode | string {
  if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64) return `an integer of ${bits} bits`
  return word({ kind: `${signed ? '' : 'u'}int${bits}` }, bits / 8)
}

function mapDecimal(precision: number, scale: number, bits: number): ArrowNode | string {
  if (bits > 128) return `a decimal of ${bits} bits`
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) return `a decimal of ${precision} digits, ${scale} of them behind the point`
  const type: DataType = { kind: 'decimal', precision, scale }
  if (bits === 128) return word(type, 16)
  return bits === 32 || bits === 64 ? flat(type, { kind: `decimal${bits}` }) : `a decimal of ${bits} bits`
}

function mapTime(type: number, parameters: FlatTable | undefined): ArrowNode | string {
  const unit = units[parameters?.i16(0, type === 10 ? 0 : 1) ?? 1]
  if (type === 8) return (parameters?.i16(0, 1) ?? 1) === 0 ? word({ kind: 'date' }, 4) : word({ kind: 'timestamp', unit: 'ms' }, 8)
  if (type === 11) {
    const kind = (['months', 'dayTime', 'word'] as const)[parameters?.i16(0) ?? 0]
    if (!kind) return 'an interval of an unknown unit'
    return kind === 'word' ? word({ kind: 'interval' }, 16) : flat({ kind: 'interval' }, { kind })
  }
  if (!unit) return `a ${typeNames[type]} of an unknown unit`
  if (type === 18) return word({ kind: 'duration', unit }, 8)
  if (type === 9) return (parameters?.i32(1, 32) ?? 32) === 32 ? flat({ kind: 'time', unit }, { kind: 'time32' }) : word({ kind: 'time', unit }, 8)
  const zone = parameters?.text(1) ?? ''
  return word({ kind: 'timestamp', unit, ...(zone !== '' && zone !== 'UTC' && isZone(zone) && { zone }) }, 8)
}

function mapNested(type: number, parameters: FlatTable | undefined, children: readonly ArrowChild[]): ArrowNode | string {
  const name = `a ${typeNames[type] ?? `type number ${type}`}`
  const nodes = children.map(child => child.node)
  const [first] = children
  if (type === 13) {
    const members: StructMember[] = children.map(child => ({ name: child.name, type: child.node.type, nullable: child.nullable }))
    const twice = members.find((m, i) => members.findIndex(other => other.name === m.name) < i)
    return twice ? `a struct with two members called "${twice.name}"` : { type: { kind: 'struct', members }, layout: { kind: 'struct' }, children: nodes }
  }
  if (![12, 16, 17, 21, 25, 26].includes(type)) return name
  if (!first || children.length !== 1) return `${name} of ${children.length} parts`
  const item = { type: first.node.type, nullable: first.nullable }
  if (type === 16) {
    const size = parameters?.i32(0) ?? 0
    return size >= 0 ? { type: { kind: 'fixedList', item, size }, layout: { kind: 'fixedList' }, children: nodes } : `a list of ${size} items`
  }
  if (type === 17) return mapMap(first)
  return { type: { kind: 'list', item }, layout: { kind: type === 25 || type === 26 ? 'listView' : 'list', large: type === 21 || type === 26 }, children: nodes }
}

// The members of the entries may have any names, and the keys are never null whatever their field says.
function mapMap(entries: ArrowChild): ArrowNode | string {
  const { type } = entries.node
  if (type.kind !== 'struct' || type.members.length !== 2 || entries.node.dictionary) return 'a map without keys and values'
  const [key, value] = type.members as [StructMember, StructMember]
  return { type: { kind: 'map', key: key.type, value: { type: value.type, nullable: value.nullable } }, layout: { kind: 'list', large: false }, children: [entries.node] }
}
