// The schema of JSON records whose user gave none, from the first of them: objects become structs and arrays lists, as deep as they are nested.
import { DataError } from '../../base/errors.ts'
import { type DataType, utf8 } from '../../batch/data-type.ts'
import type { Field } from '../../batch/schema.ts'
import { type Look, numberLook, timeLook, TypeFinder } from '../infer-type.ts'

/** More keys than this make an object a text: they are data, not names. */
const membersMax = 500
const depthMax = 16

/**
 * Fields in order of appearance. Whole numbers are int64, others float64, strings that all are ISO dates or times those; objects structs of what all of them
 * have, arrays lists; what is mixed otherwise is utf8, which holds the JSON of any value. Columns and members that a record lacks or has as null allow
 * nulls, and all do unless the sample `isWhole`. Records that aren't JSON objects are passed over. Throws DataError NO_RECORDS if none is left.
 */
export function inferJsonSchema(sample: Uint8Array, isWhole: boolean, where: string): Field[] {
  const lines = new TextDecoder().decode(sample).split('\n')
  if (!isWhole) lines.pop()
  return inferFromRecords(lines, isWhole, `${where}: no JSON object found in the first ${sample.length} bytes to take the columns from; give a schema, or check that this is NDJSON`)
}

/** As `inferJsonSchema`, for a sample of one array, or of values with white space between them. */
export function inferValuesSchema(sample: Uint8Array, isWhole: boolean, where: string): Field[] {
  const missing = `${where}: no JSON object found in the first ${sample.length} bytes to take the columns from; give a schema, or check that this is a JSON array of objects`
  return inferFromRecords(valuesOf(new TextDecoder().decode(sample)), isWhole, missing)
}

// The texts of objects that stand in an array, or one behind the other; the last one only where it is whole.
function valuesOf(text: string): string[] {
  const found: string[] = []
  let [start, depth, isQuoted] = [0, 0, false]
  const outer = /^\s*\[/.test(text) ? 1 : 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (isQuoted) {
      if (char === '\\') at++
      else if (char === '"') isQuoted = false
    } else if (char === '"') isQuoted = true
    else if (char === '{' || char === '[') {
      if (depth++ === outer) start = at
    } else if ((char === '}' || char === ']') && --depth === outer) found.push(text.slice(start, at + 1))
  }
  return found
}

// From the records' texts; `missing` is the error where none of them is an object.
function inferFromRecords(texts: readonly string[], isWhole: boolean, missing: string): Field[] {
  const root = new ObjectFinder()
  for (const text of texts) {
    const record = parsed(text)
    if (record) root.see(record, 0)
  }
  if (root.count === 0) throw new DataError('NO_RECORDS', missing)
  return root.members(isWhole).filter(field => !field.name.startsWith('$'))
}

// What was seen of one place: flat values, objects and arrays.
class PlaceFinder {
  readonly flat = new TypeFinder()
  #isFlat = false
  #object: ObjectFinder | undefined
  #item: PlaceFinder | undefined
  #isDeep = false
  hasNull = false

  see(value: unknown, depth: number): void {
    if (value === null) {
      this.hasNull = true
      return
    }
    const number = numberOf(value)
    if (typeof value !== 'object' || number !== undefined) {
      this.#isFlat = true
      this.flat.see(lookOf(number ?? value, number !== undefined), typeof value === 'string' ? value : '')
    } else if (depth === depthMax) this.#isDeep = true
    else if (Array.isArray(value)) {
      this.#item ??= new PlaceFinder()
      for (const item of value) this.#item.see(item, depth + 1)
    } else (this.#object ??= new ObjectFinder()).see(value as Record<string, unknown>, depth + 1)
  }

  type(isWhole: boolean): DataType {
    if (this.#isDeep || Number(this.#isFlat) + Number(this.#object !== undefined) + Number(this.#item !== undefined) !== 1) return utf8
    if (this.#item) return { kind: 'list', item: { type: this.#item.type(isWhole), nullable: this.#item.hasNull || !isWhole } }
    if (!this.#object) return this.flat.type()
    const members = this.#object.members(isWhole)
    return members.length === 0 || members.length > membersMax ? utf8 : { kind: 'struct', members }
  }
}

class ObjectFinder {
  count = 0
  readonly #members = new Map<string, { readonly place: PlaceFinder; seen: number }>()

  see(object: Record<string, unknown>, depth: number): void {
    for (const [key, value] of Object.entries(object)) {
      let member = this.#members.get(key)
      // Those beyond are only counted.
      if (!member) this.#members.set(key, (member = { place: new PlaceFinder(), seen: 0 }))
      member.seen++
      if (depth === 0 || this.#members.size <= membersMax + 1) member.place.see(value, depth)
    }
    this.count++
  }

  members(isWhole: boolean): Field[] {
    return [...this.#members].map(([name, { place, seen }]) => ({ name, type: place.type(isWhole), nullable: place.hasNull || seen < this.count || !isWhole }))
  }
}

const numberKey = '\\u0000'

// Numbers are kept as written, under a key of their own: what JSON.parse makes of them can't tell 1 from 1.0, nor 2^63 from its neighbours.
function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined
    const marked = JSON.parse(line.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, token => (token[0] === '"' ? token : `{"${numberKey}":"${token}"}`))) as Record<
      string,
      unknown
    >
    return marked
  } catch {
    return undefined
  }
}

// A number as it was written.
function numberOf(value: unknown): string | undefined {
  const number = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)['\0'] : undefined
  return typeof number === 'string' ? number : undefined
}

function lookOf(value: unknown, isNumber: boolean): Look {
  if (isNumber) return numberLook(value as string)
  return typeof value === 'boolean' ? 'bool' : timeLook(value as string)
}
