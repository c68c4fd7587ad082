// Types as users write them: 'int64', 'utf8?', 'decimal(12, 2)', 'timestamp[ms, Europe/Berlin]', 'list<struct<sku: utf8, n: int32?>>'.
// parseType reads them, nameOfType writes them, and each is the inverse of the other.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import type { DataType, Member, StructMember, TimeUnit } from './data-type.ts'

const plainNames = [
  'null',
  'bool',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'float16',
  'float32',
  'float64',
  'utf8',
  'binary',
  'date',
  'interval',
] as const
type PlainName = (typeof plainNames)[number]

/** A type's name without its nullability. */
export type ScalarName =
  | PlainName
  | `decimal(${number}, ${number})`
  | `decimal(${number},${number})`
  | `binary(${number})`
  | `time[${TimeUnit}]`
  | `timestamp[${TimeUnit}]`
  | `timestamp[${TimeUnit}, ${string}]`
  | `duration[${TimeUnit}]`
  | `list<${string}>`
  | `struct<${string}>`
  | `map<${string}>`
/** A type as users write it; a trailing ? allows nulls. */
export type TypeName = ScalarName | `${ScalarName}?`

const examples = 'decimal(12, 2), binary(16), time[ms], timestamp[ms], timestamp[ms, Europe/Berlin], duration[ms], list<int64>, list<float32, 3>, struct<a: int64, b: utf8?>, map<utf8, int64?>'
const nestingMax = 64

/** The type and nullability behind a name such as 'int64?'. Throws PlanError TYPE naming `where`. */
export function parseType(name: string, where: string): { type: DataType; nullable: boolean } {
  const reader = new NameReader(name, where)
  const parsed = reader.member(0)
  reader.end()
  return parsed
}

/** The name of a type. */
export function typeName(type: DataType, nullable = false): string {
  return nameOfType(type) + (nullable ? '?' : '')
}

/** The name of a type without a question mark. */
export function nameOfType(type: DataType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision}, ${type.scale})`
    case 'fixedBinary':
      return `binary(${type.size})`
    case 'time':
    case 'duration':
      return `${type.kind}[${type.unit}]`
    case 'timestamp':
      return type.zone === undefined ? `timestamp[${type.unit}]` : `timestamp[${type.unit}, ${type.zone}]`
    case 'list':
      return `list<${nameOfMember(type.item)}>`
    case 'fixedList':
      return `list<${nameOfMember(type.item)}, ${type.size}>`
    case 'struct':
      return `struct<${type.members.map(m => `${memberName(m.name)}: ${nameOfMember(m)}`).join(', ')}>`
    case 'map':
      return `map<${nameOfType(type.key)}, ${nameOfMember(type.value)}>`
    default:
      return type.kind
  }
}

function nameOfMember({ type, nullable }: Member): string {
  return typeName(type, nullable)
}

function memberName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)
}

/** Walks a name; every method stands at the first character it is about. */
class NameReader {
  readonly #text: string
  readonly #where: string
  #at = 0
  constructor(text: string, where: string) {
    this.#text = text
    this.#where = where
  }

  member(depth: number): { type: DataType; nullable: boolean } {
    if (depth > nestingMax) throw this.#fail(`it nests deeper than ${nestingMax}`)
    const type = this.#type(depth)
    return { type, nullable: this.#skip('?') }
  }

  end(): void {
    this.#blanks()
    if (this.#at < this.#text.length) throw this.#fail(`"${this.#text.slice(this.#at)}" is left over`)
  }

  #type(depth: number): DataType {
    const word = this.#word()
    switch (word) {
      case 'decimal':
        return this.#decimal()
      case 'binary':
        return this.#skip('(') ? { kind: 'fixedBinary', size: this.#closed(this.#whole(1, 2 ** 31 - 1), ')') } : { kind: 'binary' }
      case 'time':
      case 'duration':
        this.#expect('[')
        return { kind: word, unit: this.#closed(this.#unit(), ']') }
      case 'timestamp':
        return this.#timestamp()
      case 'list':
        return this.#list(depth)
      case 'struct':
        return this.#struct(depth)
      case 'map':
        return this.#map(depth)
      default:
        if ((plainNames as readonly string[]).includes(word)) return { kind: word as Exclude<PlainName, 'binary'> }
        throw this.#fail()
    }
  }

  #decimal(): DataType {
    this.#expect('(')
    const precision = this.#whole(1, 38)
    this.#expect(',')
    return { kind: 'decimal', precision, scale: this.#closed(this.#whole(0, precision), ')') }
  }

  #timestamp(): DataType {
    this.#expect('[')
    const unit = this.#unit()
    if (!this.#skip(',')) return this.#closed({ kind: 'timestamp', unit }, ']')
    const end = this.#text.indexOf(']', this.#at)
    const zone = this.#text.slice(this.#at, end < 0 ? undefined : end).trim()
    if (!isZone(zone)) throw this.#fail(`"${zone}" is no time zone; write an IANA name such as Europe/Berlin, or an offset such as +01:00`)
    this.#at += end < 0 ? zone.length : end - this.#at
    return this.#closed({ kind: 'timestamp', unit, zone }, ']')
  }

  #list(depth: number): DataType {
    this.#expect('<')
    const item = this.member(depth + 1)
    return this.#closed(this.#skip(',') ? { kind: 'fixedList', item, size: this.#whole(0, 2 ** 31 - 1) } : { kind: 'list', item }, '>')
  }

  #struct(depth: number): DataType {
    this.#expect('<')
    const members: StructMember[] = []
    if (this.#skip('>')) return { kind: 'struct', members }
    do {
      const name = this.#memberName()
      if (members.some(m => m.name === name)) throw this.#fail(`"${name}" is there twice`)
      this.#expect(':')
      members.push({ name, ...this.member(depth + 1) })
    } while (this.#skip(','))
    return this.#closed({ kind: 'struct', members }, '>')
  }

  #map(depth: number): DataType {
    this.#expect('<')
    const key = this.member(depth + 1)
    if (key.nullable) throw this.#fail('the keys of a map are never null; leave their ? away')
    this.#expect(',')
    return this.#closed({ kind: 'map', key: key.type, value: this.member(depth + 1) }, '>')
  }

  #memberName(): string {
    this.#blanks()
    const quoted = /^"(?:[^"\\]|\\.)*"/.exec(this.#text.slice(this.#at))
    if (!quoted) return this.#word()
    this.#at += quoted[0].length
    try {
      return JSON.parse(quoted[0]) as string
    } catch {
      throw this.#fail(`${quoted[0]} is no name`)
    }
  }

  #unit(): TimeUnit {
    const word = this.#word()
    if (word === 's' || word === 'ms' || word === 'us' || word === 'ns') return word
    throw this.#fail(`"${word}" is no unit; the units are s, ms, us and ns`)
  }

  #whole(least: number, most: number): number {
    const word = this.#word()
    const number = Number(word)
    if (/^\d+$/.test(word) && number >= least && number <= most) return number
    throw this.#fail(`"${word}" is no whole number from ${least} to ${most}`)
  }

  #word(): string {
    this.#blanks()
    const word = /^\w*/.exec(this.#text.slice(this.#at))![0]
    this.#at += word.length
    return word
  }
  #blanks(): void {
    while (this.#text[this.#at] === ' ') this.#at++
  }
  #skip(symbol: string): boolean {
    this.#blanks()
    if (this.#text[this.#at] !== symbol) return false
    this.#at++
    return true
  }
  #expect(symbol: string): void {
    if (!this.#skip(symbol)) throw this.#fail()
  }
  #closed<T>(value: T, symbol: string): T {
    this.#expect(symbol)
    return value
  }

  #fail(reason?: string): PlanError {
    const bare = this.#text.replace(/\?$/, '')
    const names = [...plainNames, 'decimal(12, 2)', 'timestamp[ms]', 'timestamp[us]', 'timestamp[ns]', 'timestamp[s]']
    return new PlanError(
      'TYPE',
      `${this.#where}: no type "${this.#text}"${reason ? `: ${reason}` : ''}; the types are ${plainNames.join(', ')} and such as ${examples}, each with ? for nulls${reason ? '' : didYouMean(bare, names)}`,
    )
  }
}

/** True for IANA names that this machine knows, and for offsets. */
export function isZone(zone: string): boolean {
  if (/^[+-]\d\d:?\d\d$/.test(zone)) return true
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return zone !== ''
  } catch {
    return false
  }
}
