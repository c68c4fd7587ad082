// The schema of JSON records whose user gave none, from the first of them: objects become structs and arrays lists, as deep as they are nested.
import { DataError } from '../../base/errors.ts'
import type { Field } from '../../batch/schema.ts'
import { type Look, numberLook, timeLook } from '../infer-type.ts'
import { depthMax, membersMax, ObjectFinder, type PlaceFinder } from './place-finder.ts'

/** Where a record stands in a text: [start, end), in UTF-16 units. */
type Span = readonly [start: number, end: number]

// A pattern as text, beyond which none is made: records have too many places.
const patternMax = 100_000

/**
 * Fields in order of appearance. Whole numbers are int64, others float64, strings that all are ISO dates or times those; objects structs of what all of them
 * have, arrays lists; what is mixed otherwise is utf8, which holds the JSON of any value. Columns and members that a record lacks or has as null allow
 * nulls, and all do unless the sample `isWhole`. Records that aren't JSON objects are passed over. Throws DataError NO_RECORDS if none is left.
 */
export function inferJsonSchema(sample: Uint8Array, isWhole: boolean, where: string): Field[] {
  const text = new TextDecoder().decode(sample)
  return inferFromRecords(text, linesOf(text, isWhole), isWhole, `${where}: no JSON object found in the first ${sample.length} bytes to take the columns from; give a schema, or check that this is NDJSON`)
}

/** As `inferJsonSchema`, for a sample of one array, or of values with white space between them. */
export function inferValuesSchema(sample: Uint8Array, isWhole: boolean, where: string): Field[] {
  const missing = `${where}: no JSON object found in the first ${sample.length} bytes to take the columns from; give a schema, or check that this is a JSON array of objects`
  const text = new TextDecoder().decode(sample)
  return inferFromRecords(text, valuesOf(text), isWhole, missing)
}

// The lines of a text; the last one only where no more follows.
function linesOf(text: string, isWhole: boolean): Span[] {
  const lines: Span[] = []
  let start = 0
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
    lines.push([start, end])
    start = end + 1
  }
  if (isWhole) lines.push([start, text.length])
  return lines
}

// Where objects stand in an array, or one behind the other; the last one only where it is whole.
function valuesOf(text: string): Span[] {
  const found: Span[] = []
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
    } else if ((char === '}' || char === ']') && --depth === outer) found.push([start, at + 1])
  }
  return found
}

// From the records that stand in a text; `missing` is the error where none of them is an object.
function inferFromRecords(text: string, records: readonly Span[], isWhole: boolean, missing: string): Field[] {
  const root = new ObjectFinder()
  // Most records are like others before them: those that match the pattern of what was seen so far would change nothing, and aren't parsed.
  let pattern: RegExp | undefined
  let parsedCount = 0
  for (const [start, end] of records) {
    if (pattern) {
      pattern.lastIndex = start
      if (pattern.test(text) && pattern.lastIndex === end) continue
    }
    const record = parsed(text.slice(start, end))
    if (!record) continue
    seeObject(root, record, 0)
    // Made again ever more rarely, since what is new gets rarer.
    if ((++parsedCount & (parsedCount - 1)) === 0) pattern = patternOf(root, isWhole)
  }
  if (root.count === 0) throw new DataError('NO_RECORDS', missing)
  return root.members(isWhole).filter(field => !field.name.startsWith('$'))
}

function patternOf(root: ObjectFinder, isWhole: boolean): RegExp | undefined {
  const source = `[ \\t]*${root.pattern(isWhole)}[ \\t\\r]*`
  return source.length > patternMax ? undefined : new RegExp(source, 'y')
}

function seeObject(finder: ObjectFinder, object: Record<string, unknown>, depth: number): void {
  for (const [key, value] of Object.entries(object)) {
    const place = finder.place(key)
    // Those beyond are only counted.
    if (depth === 0 || finder.size <= membersMax + 1) seeValue(place, value, depth)
  }
  finder.count++
}

function seeValue(place: PlaceFinder, value: unknown, depth: number): void {
  if (value === null) {
    place.hasNull = true
    return
  }
  const number = numberOf(value)
  if (typeof value !== 'object' || number !== undefined) place.seeFlat(lookOf(number ?? value, number !== undefined), typeof value === 'string' ? value : '')
  else if (depth === depthMax) place.seeDeep()
  else if (!Array.isArray(value)) seeObject(place.object(), value as Record<string, unknown>, depth + 1)
  else {
    const item = place.item()
    for (const inner of value) seeValue(item, inner, depth + 1)
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
