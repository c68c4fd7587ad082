// Functions of structs and maps: fields by name, making structs, values by key, and keys, values and entries as lists. Null where any argument is.
import { didYouMean } from '../../base/names.ts'
import type { Column } from '../../batch/batch.ts'
import { type DataType, entriesOf, int64, layoutOf, type StructMember } from '../../batch/data-type.ts'
import { cast } from '../../compute/cast.ts'
import { compare } from '../../compute/compare.ts'
import { gatherColumn, rowNumbers } from '../../compute/gather.ts'
import { findInLists, listElement } from '../../compute/lists.ts'
import { truth } from '../../compute/logic.ts'
import { allValid, broadcast, type Operand } from '../../compute/operand.ts'
import { clearNulls } from '../../compute/strings.ts'
import type { Argument, CallOptions, Evaluation, ExpressionFunction } from '../function.ts'
import { prefix } from '../function.ts'
import { nameText } from '../reserved-words.ts'
import { constantOf, literalType } from '../unify.ts'
import { listOf } from './lists.ts'

function memberOf(type: DataType | undefined, name: unknown): number {
  return type?.kind === 'struct' ? type.members.findIndex(m => m.name === name) : -1
}

/** The member that the option `name` names. */
const field: ExpressionFunction = {
  name: 'field',
  type([a], { name }) {
    if (a?.type?.kind !== 'struct') return undefined
    const names = a.type.members.map(m => m.name)
    const member = a.type.members[memberOf(a.type, name)]
    if (!member) return `no field "${name}"; there are ${names.join(', ') || 'none'}${didYouMean(String(name), names)}`
    return { args: [a.type], type: member.type, nullable: a.nullable || member.nullable }
  },
  evaluate: (at, [a], { name }) => fieldOf(at, a as Column, memberOf(a!.type, name)),
  byPosition: { operands: 1, options: ['name'] },
  describe: ([a], { name }) => ({ text: `${a!.level < 9 || /^[\d-]/.test(a!.text) ? `(${a!.text})` : a!.text}.${nameText(String(name))}`, level: 9 }),
}

function fieldOf({ device, arena }: Evaluation, struct: Column, index: number): Column {
  const child = struct.children![index]!
  if (struct.validity === 0) return child
  const { codes: _, ...copy } = layoutOf(child.type) === 'view' ? gatherColumn(device, arena, child, rowNumbers(device, arena, child.length), child.length) : child
  const out = { ...copy, validity: allValid(device, arena, [struct, child], struct.length) }
  return layoutOf(child.type) === 'view' ? clearNulls(device, out) : out
}

function namesOf({ names }: CallOptions): readonly string[] {
  return Array.isArray(names) ? (names as string[]) : []
}

/** A struct of its arguments; the option `names` has a name for each. */
const struct: ExpressionFunction = {
  name: 'struct',
  type(args, options) {
    const names = namesOf(options)
    if (names.length !== args.length || new Set(names).size !== names.length) return 'it takes an object of values by their names'
    const members = args.map((arg, i): StructMember => ({ name: names[i]!, type: arg.type ?? literalType(arg.literal!), nullable: arg.nullable }))
    return { args: members.map(m => m.type), type: { kind: 'struct', members }, nullable: false }
  },
  evaluateLazily({ device, arena, rowCount, active }, args, evaluate, type) {
    const children = args.map(arg => broadcast(device, arena, evaluate(arg, active), rowCount))
    return { type, length: rowCount, values: 0, validity: 0, children }
  },
  describe: (args, options) => ({ text: `{${args.map((arg, i) => `${nameText(namesOf(options)[i] ?? '')}: ${arg.text}`).join(', ')}}`, level: 9 }),
}

function mapType(a: Argument | undefined): (DataType & { kind: 'map' }) | undefined {
  return a?.type?.kind === 'map' ? a.type : undefined
}

// A map is laid out as a list of structs of key and value; this is the list of one of both.
function partOf(map: Column, part: 0 | 1): Column {
  const child = map.children![0]!.children![part]!
  const { key, value } = map.type as DataType & { kind: 'map' }
  return { type: listOf(part === 0 ? { type: key, nullable: false } : value), length: map.length, values: map.values, validity: map.validity, children: [child] }
}

/** The value of a key; null where the map doesn't have it. */
const get: ExpressionFunction = {
  name: 'get',
  type([a, key]) {
    const map = mapType(a)
    if (!map || !key) return undefined
    const fits = key.type ? key.type.kind === map.key.kind : key.literal === null || constantOf(key.literal!, map.key) !== undefined
    return fits ? { args: [map, map.key], type: map.value.type, nullable: true } : undefined
  },
  evaluate(at, [a, key]) {
    const { device, arena, rowCount } = at
    const map = broadcast(device, arena, a!, rowCount)
    const places = findInLists(device, arena, partOf(map, 0), key as Operand, true)
    const index = cast(device, arena, places, int64, false, at)
    const found = truth(device, arena, compare(device, arena, 'ge', index, { type: int64, value: 0n }))
    return listElement(device, arena, partOf(map, 1), { ...index, validity: found })
  },
  describe: prefix('get'),
}

const part = (name: 'keys' | 'values', index: 0 | 1): ExpressionFunction => ({
  name,
  type([a]) {
    const map = mapType(a)
    return map && { args: [map], type: listOf(index === 0 ? { type: map.key, nullable: false } : map.value), nullable: a!.nullable }
  },
  evaluate: (_, [a]) => partOf(a as Column, index),
  describe: prefix(name),
})

/** A list of structs of key and value. */
const entries: ExpressionFunction = {
  name: 'entries',
  type([a]) {
    const map = mapType(a)
    return map && { args: [map], type: listOf({ type: entriesOf(map), nullable: false }), nullable: a!.nullable }
  },
  evaluate: (_, [a], __, type) => ({ ...(a as Column), type }),
  describe: prefix('entries'),
}

/** The functions of structs and maps. */
export const nestedFunctions: readonly ExpressionFunction[] = [field, struct, get, part('keys', 0), part('values', 1), entries]
