// What was seen of each place in JSON records, keys in order of appearance: the types that hold all of it, and the pattern of records that wouldn't change them.
import { type DataType, utf8 } from '../../batch/data-type.ts'
import type { Field } from '../../batch/schema.ts'
import { type Look, TypeFinder } from '../infer-type.ts'

/** More keys than this make an object a text: they are data, not names. */
export const membersMax = 500
/** What is nested deeper is text. */
export const depthMax = 16

const exponent = '[eE][+-]?\\d+'
const whole = '-?(?:0|[1-9]\\d'
// All days but 29 February.
const day = '(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)'
const zone = '(?:[Zz]|[+-](?:[01]\\d|2[0-3])(?::?[0-5]\\d)?)?'
const plain = '[^"\\\\\\0-\\x1f]*'
// Values of each look, as JSON. An int64 of up to 15 digits is also held by float64.
const patterns: Partial<Record<Look, (fractionDigits: number) => string>> = {
  bool: () => 'true|false',
  int64: () => `${whole}{0,14})`,
  float64: () => `${whole}*)(?:\\.\\d+(?:${exponent})?|${exponent})`,
  date: () => `"\\d{4}-${day}"`,
  timestamp: digits => `"\\d{4}-${day}[Tt ](?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d${digits > 0 ? `(?:\\.\\d{1,${digits}})?` : ''})?${zone}"`,
  text: () => `"${plain}(?:\\\\(?:["\\\\/bfnrt]|u[\\da-fA-F]{4})${plain})*"`,
}

/** What was seen of one place: flat values, objects and arrays. */
export class PlaceFinder {
  readonly #flat = new TypeFinder()
  #isFlat = false
  #object: ObjectFinder | undefined
  #item: PlaceFinder | undefined
  #isDeep = false
  hasNull = false

  /** A flat value; `text` of timestamps. */
  seeFlat(look: Look, text: string): void {
    this.#isFlat = true
    this.#flat.see(look, text)
  }

  /** An object or an array beyond `depthMax`. */
  seeDeep(): void {
    this.#isDeep = true
  }

  /** An object, whose members are the finder's to see. */
  object(): ObjectFinder {
    this.#object ??= new ObjectFinder()
    return this.#object
  }

  /** An array: what its items are seen by. */
  item(): PlaceFinder {
    this.#item ??= new PlaceFinder()
    return this.#item
  }

  /** The type of all that was seen; utf8 where it is mixed. */
  type(isWhole: boolean): DataType {
    if (this.#isDeep || Number(this.#isFlat) + Number(this.#object !== undefined) + Number(this.#item !== undefined) !== 1) return utf8
    if (this.#item) return { kind: 'list', item: { type: this.#item.type(isWhole), nullable: this.#item.hasNull || !isWhole } }
    if (!this.#object) return this.#flat.type()
    const members = this.#object.members(isWhole)
    return members.length === 0 || members.length > membersMax ? utf8 : { kind: 'struct', members }
  }

  /** A pattern, for regular expressions, of values that would change neither the type nor whether it allows nulls; not of all of them. */
  pattern(isWhole: boolean): string {
    const { looks, fractionDigits } = this.#flat
    // What is text already stays it.
    const seen = looks.has('text') ? [...looks].filter(look => look !== 'date' && look !== 'timestamp') : [...looks]
    const parts = seen.flatMap(look => patterns[look]?.(fractionDigits) ?? [])
    if (this.hasNull || !isWhole) parts.push('null')
    if (this.#object && this.#object.size <= membersMax) parts.push(this.#object.pattern(isWhole))
    // A comma behind each item but the last.
    if (this.#item) parts.push(`\\[ *(?:${this.#item.pattern(isWhole)} *(?:, *(?!\\])|(?=\\])))*\\]`)
    // Nothing that was seen can be told by a pattern: none then matches.
    return parts.length === 0 ? '(?!)' : `(?:${parts.join('|')})`
  }
}

interface MemberFinder {
  readonly place: PlaceFinder
  seen: number
}

/** What was seen of the objects in one place. */
export class ObjectFinder {
  /** Objects that were seen. */
  count = 0
  readonly #members = new Map<string, MemberFinder>()

  /** Keys that were seen. */
  get size(): number {
    return this.#members.size
  }

  /** The place of a key that an object has; to be asked for once an object. */
  place(key: string): PlaceFinder {
    let member = this.#members.get(key)
    if (!member) this.#members.set(key, (member = { place: new PlaceFinder(), seen: 0 }))
    member.seen++
    return member.place
  }

  /** The members as fields, in order; those that objects lack or have as null allow nulls, and all do unless the sample `isWhole`. */
  members(isWhole: boolean): Field[] {
    return [...this.#members].map(([name, { place, seen }]) => ({ name, type: place.type(isWhole), nullable: place.hasNull || seen < this.count || !isWhole }))
  }

  /** As `PlaceFinder.pattern`, of objects with their keys in the order of the members. */
  pattern(isWhole: boolean): string {
    const members = [...this.#members].map(([name, { place, seen }]) => {
      const key = JSON.stringify(name).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      // A comma stands before all members but the first that is there.
      const member = `(?:(?<=\\{ *)|(?<!\\{ *) *, *)${key} *: *${place.pattern(isWhole)}`
      return seen < this.count || !isWhole ? `(?:${member})?` : member
    })
    return `\\{ *${members.join('')} *\\}`
  }
}
