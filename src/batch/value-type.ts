// Which type JavaScript values are of, where nobody has said: rows and columns that programs hold.
import type { DataType, Member, StructMember } from './data-type.ts'

const byArray = {
  Int8Array: 'int8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  BigInt64Array: 'int64',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Uint16Array: 'uint16',
  Uint32Array: 'uint32',
  BigUint64Array: 'uint64',
  Float16Array: 'float16',
  Float32Array: 'float32',
  Float64Array: 'float64',
} as const

/** The type of a typed array's items; undefined for anything else. */
export function typeOfArray(values: unknown): DataType | undefined {
  if (!ArrayBuffer.isView(values)) return undefined
  const kind = byArray[Object.prototype.toString.call(values).slice(8, -1) as keyof typeof byArray]
  return kind && { kind }
}

/**
 * The type that values are of, and whether nulls are among them; undefined where all are null or of no type. Typed arrays by their kind; numbers are float64,
 * bigints int64, Dates timestamps; Uint8Arrays within arrays are binary, other arrays lists; plain objects are structs of all members that are seen,
 * which are nullable where one lacks them; Maps are maps. Values that don't go together are left to the check by the first one's type.
 */
export function typeOfValues(values: ArrayLike<unknown>): Member | undefined {
  const typed = typeOfArray(values)
  if (typed) return { type: typed, nullable: false }
  const found = new Finding()
  for (let i = 0; i < values.length; i++) found.see(values[i])
  const type = found.type()
  return type && { type, nullable: found.hasNull }
}

// What was seen so far. Items, members, keys and values are findings of their own.
class Finding {
  hasNull = false
  #first: DataType | 'list' | 'struct' | 'map' | undefined
  #items: Finding | undefined
  #values: Finding | undefined
  #itemType: DataType | undefined
  readonly #members = new Map<string, Finding>()
  #structs = 0

  see(value: unknown): void {
    if (value === null || value === undefined) {
      this.hasNull = true
      return
    }
    const kind = kindOf(value)
    this.#first ??= kind
    if (kind === 'list') this.#seeList(value as ArrayLike<unknown>)
    else if (kind === 'map') this.#seeMap(value as Map<unknown, unknown>)
    else if (kind === 'struct') this.#seeStruct(value as Record<string, unknown>)
  }

  type(): DataType | undefined {
    switch (this.#first) {
      case 'list':
        return { kind: 'list', item: this.#itemType ? { type: this.#itemType, nullable: false } : memberOf(this.#items) }
      case 'map':
        return { kind: 'map', key: memberOf(this.#items).type, value: memberOf(this.#values) }
      case 'struct':
        return { kind: 'struct', members: [...this.#members].map(([name, finding]): StructMember => this.#memberOf(name, finding)) }
      default:
        return this.#first
    }
  }

  #memberOf(name: string, finding: Finding): StructMember {
    const { type, nullable } = memberOf(finding)
    return { name, type, nullable: nullable || finding.#seen < this.#structs }
  }

  #seen = 0

  #seeList(list: ArrayLike<unknown>): void {
    const typed = typeOfArray(list)
    if (typed) {
      this.#itemType ??= typed
      return
    }
    this.#items ??= new Finding()
    for (let i = 0; i < list.length; i++) this.#items.see(list[i])
  }

  #seeMap(map: Map<unknown, unknown>): void {
    this.#items ??= new Finding()
    this.#values ??= new Finding()
    for (const [key, value] of map) {
      this.#items.see(key)
      this.#values.see(value)
    }
  }

  #seeStruct(object: Record<string, unknown>): void {
    this.#structs++
    for (const [name, value] of Object.entries(object)) {
      let member = this.#members.get(name)
      if (!member) this.#members.set(name, (member = new Finding()))
      member.#seen++
      member.see(value)
    }
  }
}

// Of nothing but nulls: the type of nulls.
function memberOf(finding: Finding | undefined): Member {
  const type = finding?.type()
  return type ? { type, nullable: finding!.hasNull } : { type: { kind: 'null' }, nullable: true }
}

const scalars = { number: 'float64', bigint: 'int64', string: 'utf8', boolean: 'bool' } as const

function kindOf(value: unknown): DataType | 'list' | 'struct' | 'map' | undefined {
  const kind = scalars[typeof value as keyof typeof scalars]
  if (kind) return { kind }
  if (typeof value !== 'object') return undefined
  if (value instanceof Date) return { kind: 'timestamp', unit: 'ms' }
  if (value instanceof Uint8Array) return { kind: 'binary' }
  if (Array.isArray(value) || typeOfArray(value)) return 'list'
  if (value instanceof Map) return 'map'
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? 'struct' : undefined
}
