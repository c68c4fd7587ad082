// Nested types by chance, with the elements that some writer makes of them (new ones and old), and values as records of these elements.
import type { Random } from '../../src/base/random.ts'
import { bool, type DataType, float64, int32, int64, type StructMember, utf8 } from '../../src/batch/data-type.ts'
import type { Value } from '../../src/batch/value.ts'
import type { PlainElement } from './plain-dremel.ts'

/** A type, how a file says it, and a value of it (never null) as the file's records have it. */
export interface NestedShape {
  readonly type: DataType
  readonly nullable: boolean
  readonly element: PlainElement
  record(value: Value): unknown
}

const [MAP, MAP_KEY_VALUE, LIST, UTF8] = [1, 2, 3, 0]
const flats: readonly { type: DataType; physical: NonNullable<PlainElement['physical']>; converted?: number }[] = [
  { type: int32, physical: 'INT32' },
  { type: int64, physical: 'INT64' },
  { type: float64, physical: 'DOUBLE' },
  { type: bool, physical: 'BOOLEAN' },
  { type: utf8, physical: 'BYTE_ARRAY', converted: UTF8 },
]

/** A shape that nests up to `depth` deep. */
export function nestedShape(random: Random, name: string, depth: number, nullable = random.int(2) === 0): NestedShape {
  const kind = depth === 0 ? 9 : random.int(4)
  if (kind === 0) return structShape(random, name, depth, nullable)
  if (kind === 1) return mapShape(random, name, depth, nullable)
  if (kind <= 3) return listShape(random, name, depth, nullable)
  const { type, physical, converted } = flats[random.int(flats.length)]!
  return { type, nullable, element: { name, repetition: nullable ? 'optional' : 'required', physical, ...(converted !== undefined && { converted }) }, record: value => value }
}

const repetitionOf = (nullable: boolean) => (nullable ? 'optional' : 'required')

function orNull({ record }: NestedShape): (value: Value) => unknown {
  return value => (value === null ? null : record(value))
}

function structShape(random: Random, name: string, depth: number, nullable: boolean, least = 1): NestedShape {
  const members = Array.from({ length: least + random.int(3) }, (_, i) => nestedShape(random, `m${i}`, depth - 1))
  const named: StructMember[] = members.map(({ type, nullable: can }, i) => ({ name: `m${i}`, type, nullable: can }))
  return {
    type: { kind: 'struct', members: named },
    nullable,
    element: { name, repetition: repetitionOf(nullable), children: members.map(m => m.element) },
    record: value => Object.fromEntries(members.map((m, i) => [`m${i}`, orNull(m)((value as Record<string, Value>)[`m${i}`]!)])),
  }
}

function listShape(random: Random, name: string, depth: number, nullable: boolean): NestedShape {
  const repeated = (element: PlainElement, names: readonly string[]) => ({ ...element, name: names[random.int(names.length)]!, repetition: 'repeated' as const })
  const make = (item: NestedShape, child: PlainElement, wrap: (item: unknown) => unknown): NestedShape => ({
    type: { kind: 'list', item: { type: item.type, nullable: item.nullable } },
    nullable,
    element: { name, repetition: repetitionOf(nullable), converted: LIST, children: [child] },
    record: value => ({ [child.name]: (value as Value[]).map(v => wrap(orNull(item)(v))) }),
  })
  switch (random.int(6)) {
    // The repeated element is the item: a value, a struct of several members, one named so, a list of values.
    case 0: {
      const item = nestedShape(random, 'x', 0, false)
      return make(item, repeated(item.element, ['element', 'array', 'item']), v => v)
    }
    case 1: {
      const item = structShape(random, 'x', depth, false, 2)
      return make(item, repeated(item.element, ['element', 'array', 'bag']), v => v)
    }
    case 2: {
      const item = structShape(random, 'x', depth, false)
      return make(item, repeated(item.element, ['array', `${name}_tuple`]), v => v)
    }
    // No annotation: the list is never null, nor are its items.
    case 3: {
      const item = random.int(2) ? nestedShape(random, name, 0, false) : structShape(random, name, depth, false)
      return {
        type: { kind: 'list', item: { type: item.type, nullable: false } },
        nullable: false,
        element: { ...item.element, name, repetition: 'repeated' },
        record: value => (value as Value[]).map(item.record),
      }
    }
    default: {
      // A repeated one inside would make the group around it the item.
      let item = nestedShape(random, ['element', 'item', 'array_element'][random.int(3)]!, depth - 1)
      while (item.element.repetition === 'repeated') item = nestedShape(random, 'element', depth - 1)
      return make(item, { name: ['list', 'bag', 'element'][random.int(3)]!, repetition: 'repeated', children: [item.element] }, v => ({ [item.element.name]: v }))
    }
  }
}

function mapShape(random: Random, name: string, depth: number, nullable: boolean): NestedShape {
  const { type: keyType, physical, converted } = flats[[0, 1, 4][random.int(3)]!]!
  const [keyName, valueName] = random.int(2) ? ['key', 'value'] : ['k', 'v']
  const value = nestedShape(random, valueName!, depth - 1)
  const key: PlainElement = { name: keyName!, repetition: random.int(4) === 0 ? 'optional' : 'required', physical, ...(converted !== undefined && { converted }) }
  const group = random.int(2) ? 'key_value' : 'map'
  return {
    type: { kind: 'map', key: keyType, value: { type: value.type, nullable: value.nullable } },
    nullable,
    element: {
      name,
      repetition: repetitionOf(nullable),
      converted: random.int(4) === 0 ? MAP_KEY_VALUE : MAP,
      children: [{ name: group, repetition: 'repeated', ...(random.int(2) && { converted: MAP_KEY_VALUE }), children: [key, value.element] }],
    },
    record: map => ({ [group]: [...(map as Map<Value, Value>)].map(([k, v]) => ({ [keyName!]: k, [valueName!]: orNull(value)(v) })) }),
  }
}
