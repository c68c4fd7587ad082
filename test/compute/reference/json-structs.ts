// JSON records with structs in them to rows, plainly: objects by their members, whatever comes last under a key.
import type { Random } from '../../../src/base/random.ts'
import type { DataType, Member } from '../../../src/batch/data-type.ts'
import { parseSchema, type Fields } from '../../../src/batch/schema.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { JsonDecoder, type KeyRules } from '../../../src/compute/json.ts'
import { laidOut } from '../../support/json-records.ts'
import { rowsOf, type Shape } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { type Cell, cellOf, mutate, type Node, pick, readNode, refused, sampleAny, sampleNumber, sampleString, sampleTime } from './json.ts'

type Rules = Pick<KeyRules, 'missing'> & { readonly unknown?: 'ignore' | 'error' }

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The row of a record, or undefined where it is refused. */
export function plainStructRow(bytes: Uint8Array, fields: Fields, rules: Rules): Value[] | undefined {
  let root: Node
  try {
    const text = decoder.decode(bytes)
    JSON.parse(text)
    root = readNode(text)
  } catch {
    return undefined
  }
  const cells = root.pairs ? membersOf(root, fields, rules) : refused
  return cells === refused ? undefined : cells
}

// A flat value that doesn't fit refuses its object at once; one of another type only if no later one takes its place.
function membersOf(node: Node, members: Fields, rules: Rules): Value[] | typeof refused {
  const cells: (Cell | undefined)[] = members.map(() => undefined)
  for (const [key, child] of node.pairs!) {
    const at = members.findIndex(member => member.name === key)
    if (at < 0) {
      if (rules.unknown === 'error') return refused
      continue
    }
    const { type } = members[at]!
    if (type.kind === 'int8' && cellOf(child, { ...members[at]!, type: { kind: 'int32' } }) === refused) return refused
    cells[at] = valueOf(child, type, rules)
    if (cells[at] === refused && !['struct', 'list', 'int8'].includes(type.kind)) return refused
  }
  const fits = members.every(({ nullable }, i) => cells[i] !== refused && (nullable || (cells[i] ?? null) !== null) && (cells[i] !== undefined || rules.missing !== 'error'))
  return fits ? cells.map(cell => (cell ?? null) as Value) : refused
}

function valueOf(node: Node, type: DataType, rules: Rules): Cell {
  if (node.text === 'null') return null
  if (type.kind === 'int8') {
    const value = cellOf(node, { name: '', type: { kind: 'int32' }, nullable: true })
    return typeof value === 'number' && value >= -128 && value <= 127 ? value : refused
  }
  if (type.kind === 'list') {
    const items = node.items?.map(item => itemOf(item, type.item, rules))
    return !items || items.includes(refused) ? refused : (items as Value[])
  }
  if (type.kind !== 'struct') return cellOf(node, { name: '', type, nullable: true })
  const cells = node.pairs ? membersOf(node, type.members, rules) : refused
  return cells === refused ? refused : Object.fromEntries(type.members.map((member, i) => [member.name, cells[i]!]))
}

function itemOf(node: Node, { type, nullable }: Member, rules: Rules): Cell {
  const value = valueOf(node, type, rules)
  return value === null && !nullable ? refused : value
}

/** Structs in structs, some of which must be there, with members that must be there, and lists on both sides of them. */
export const structFields = parseSchema(
  {
    id: 'int64',
    bid: 'struct<price: float64?, at: timestamp[ms]?, who: struct<name: utf8, age: int32?, deep: struct<ok: bool?, n: int8>?>, tags: list<utf8?>>?',
    must: 'struct<a: int64, b: utf8?, c: struct<d: struct<e: utf8?>?>?>',
    none: 'struct<>?',
    items: 'list<struct<k: int32, v: struct<w: utf8?, x: list<int32>?>?>?>?',
    note: 'utf8?',
  },
  'sample',
)

/** What the keys of structs are held to; the rule by a record's number. */
export const structRules: readonly Rules[] = [{}, { unknown: 'error' }, { missing: 'error' }, { unknown: 'error', missing: 'error' }]

/** A record that mostly fits `structFields`: with keys in any order, some absent, repeated, null, unknown or of another type, at every depth. */
export function sampleStructRecord(r: Random, shape: Shape): string {
  const wild = shape === 'extreme' ? 12 : 150
  const space = () => (r.int(6) ? '' : pick(r, ' ', '  ', '\t', '\r'))
  const any = () => sampleAny(r, 1).replaceAll('\n', ' ')
  const object = (members: Fields): string => {
    const pairs = members.flatMap(member => {
      const isAbsent = (member.nullable && r.int(6) === 0) || r.int(wild) === 0
      const count = isAbsent ? 0 : 1 + Number(r.int(wild) === 0)
      return Array.from({ length: count }, () => pairOf(member))
    })
    if (r.int(8) === 0) pairs.push(`${sampleString(r)}:${any()}`)
    if (r.int(3) === 0) pairs.sort(() => r.int(3) - 1)
    return `{${pairs.map(pair => space() + pair + space()).join(',')}}`
  }
  const pairOf = ({ name, type, nullable }: Fields[number]) => {
    const key = r.int(20) ? name : `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`
    return `"${key}"${space()}:${space()}${value(type, nullable)}`
  }
  const value = (type: DataType, nullable: boolean): string => {
    if (r.int(wild) === 0) return any()
    if (nullable && (shape === 'allNull' || r.int(shape === 'nulls' ? 3 : 8) === 0)) return 'null'
    if (type.kind === 'struct') return object(type.members)
    if (type.kind === 'list') return `[${Array.from({ length: r.int(4) }, () => space() + value(type.item.type, type.item.nullable)).join(',')}]`
    if (type.kind === 'float64') return sampleNumber(r)
    if (type.kind === 'timestamp') return sampleTime(r)
    if (type.kind === 'bool') return pick(r, 'true', 'false')
    return type.kind === 'utf8' ? sampleString(r) : String(r.int(128))
  }
  return object(structFields)
}

export const jsonStructsAgreement = agreement({
  stem: 'json-decode',
  kernels: ['decodeJson'],
  sample: (random, length, shape) => ({
    rules: structRules[random.int(structRules.length)]!,
    records: Array.from({ length }, () => mutate(random, sampleStructRecord(random, shape), random.int(8) ? 0 : 1)),
  }),
  reference({ records, rules }) {
    const rows = records.map(record => plainStructRow(record, structFields, rules))
    return { rows: rows.filter(row => row !== undefined), kept: rows.flatMap((row, i) => (row ? [i] : [])), bad: rows.flatMap((row, i) => (row ? [] : [i])) }
  },
  compute(device, arena, { records, rules }) {
    const { batch, rowOfRecord, errors } = new JsonDecoder(structFields, 'sample', rules).decode(device, arena, laidOut(device, arena, records))
    return { rows: rowsOf(device, batch), kept: [...device.memory.uint32s(rowOfRecord, batch.rowCount)], bad: errors.map(e => e.record) }
  },
})
