// Values of keyed state as rows hold them: checked against their type, in the one form that a checkpoint gives back, and of nobody else's memory.
import { type DataType, isNested } from '../batch/data-type.ts'
import { formatDecimal } from '../batch/decimal-text.ts'
import { float16Bits, float16Number } from '../batch/float16.ts'
import { type Stored, storedBy } from '../batch/stored-value.ts'
import { dayMs } from '../batch/time-text.ts'
import type { Value } from '../batch/value.ts'

/** A value in the form in which rows hold those of a type; undefined for what is none. Nested values and bytes are copies. */
export type Taking = (value: unknown) => Value | undefined

/** How values of a type are taken; null and undefined are null, where it is allowed. Cost: a call a value, one more for each inside. */
export function takingOf(type: DataType, nullable: boolean): Taking {
  const take = type.kind === 'null' ? () => undefined : isNested(type) ? nestedOf(type) : flatOf(type)
  return value => (value === null || value === undefined ? (nullable || type.kind === 'null' ? null : undefined) : take(value))
}

function flatOf(type: DataType): Taking {
  const stored = storedBy(type)
  const read = readingOf(type)
  if (!read) return stored
  return value => {
    const kept = stored(value)
    return kept === undefined ? undefined : read(kept)
  }
}

// From what memory holds to what rows hold; undefined where that is the same.
function readingOf(type: DataType): ((stored: Stored) => Value) | undefined {
  switch (type.kind) {
    case 'float16':
      return stored => float16Number(float16Bits(stored as number))
    case 'float32':
      return stored => Math.fround(stored as number)
    case 'date':
      return stored => (stored as number) * dayMs
    case 'decimal':
      return stored => formatDecimal(stored as bigint, type.scale)
    case 'time':
    case 'timestamp':
    case 'duration':
      return type.unit === 's' || type.unit === 'ms' ? stored => Number(stored) * (type.unit === 's' ? 1_000 : 1) : undefined
    case 'binary':
    case 'fixedBinary':
      return stored => (stored as Uint8Array).slice()
    case 'interval':
      return stored => ({ ...(stored as object) }) as Value
    default:
      return undefined
  }
}

function nestedOf(type: DataType): Taking {
  switch (type.kind) {
    case 'struct': {
      const members = type.members.map(member => ({ name: member.name, take: takingOf(member.type, member.nullable) }))
      return value => structOf(value, members)
    }
    case 'map': {
      const [key, item] = [takingOf(type.key, false), takingOf(type.value.type, type.value.nullable)]
      return value => mapOf(value, key, item)
    }
    case 'list':
    case 'fixedList': {
      const take = takingOf(type.item.type, type.item.nullable)
      const size = type.kind === 'fixedList' ? type.size : undefined
      return value => listOf(value, take, size)
    }
    default:
      return () => undefined
  }
}

function structOf(value: unknown, members: readonly { readonly name: string; readonly take: Taking }[]): Value | undefined {
  if (typeof value !== 'object' || Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Date || value instanceof Map) return undefined
  const given = value as Record<string, unknown>
  if (Object.keys(given).some(name => !members.some(member => member.name === name))) return undefined
  const taken: Record<string, Value> = {}
  for (const { name, take } of members) {
    const own = take(Object.hasOwn(given, name) ? given[name] : undefined)
    if (own === undefined) return undefined
    // A member may be called __proto__, which assignment would not store.
    Object.defineProperty(taken, name, { value: own, enumerable: true, configurable: true, writable: true })
  }
  return taken
}

function mapOf(value: unknown, key: Taking, item: Taking): Value | undefined {
  if (!(value instanceof Map) && !Array.isArray(value)) return undefined
  const taken = new Map<Value, Value>()
  for (const pair of value as Iterable<unknown>) {
    if (!Array.isArray(pair) || pair.length !== 2) return undefined
    const [name, own] = [key(pair[0]), item(pair[1])]
    if (name === undefined || own === undefined) return undefined
    taken.set(name, own)
  }
  return taken
}

function listOf(value: unknown, take: Taking, size: number | undefined): Value | undefined {
  const given = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)) ? (value as ArrayLike<unknown>) : undefined
  if (!given || (size !== undefined && given.length !== size)) return undefined
  const taken: Value[] = []
  for (let i = 0; i < given.length; i++) {
    const own = take(given[i])
    if (own === undefined) return undefined
    taken.push(own)
  }
  return taken
}

/** True where what a user is given must be a copy, because changing it would change the state. */
export function isShared(type: DataType): boolean {
  return isNested(type) || type.kind === 'binary' || type.kind === 'fixedBinary' || type.kind === 'interval'
}
