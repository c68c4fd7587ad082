// The schema of NDJSON whose user gave none, from its first records. Objects and arrays become utf8 columns that hold their JSON text.
import { DataError } from '../../base/errors.ts'
import type { Field } from '../../batch/schema.ts'
import { foundFields, type Look, numberLook, timeLook, TypeFinder } from '../infer-type.ts'

/**
 * Fields in order of appearance. Whole numbers are int64, others float64, strings that all are ISO times a timestamp; columns that a record lacks or has as
 * null allow nulls, and all do unless the sample `isWhole`. Records that aren't JSON objects are passed over. Throws DataError NO_RECORDS if none is left.
 */
export function inferJsonSchema(sample: Uint8Array, isWhole: boolean, where: string): Field[] {
  const text = new TextDecoder().decode(sample)
  const lines = text.split('\n')
  if (!isWhole) lines.pop()
  const finders = new Map<string, TypeFinder>()
  let records = 0
  for (const line of lines) {
    const record = parsed(line)
    if (!record) continue
    for (const [key, finder] of finders) if (!Object.hasOwn(record, key)) finder.hasNull = true
    for (const [key, value] of Object.entries(record)) {
      let finder = finders.get(key)
      if (!finder) {
        finders.set(key, (finder = new TypeFinder()))
        finder.hasNull = records > 0
      }
      finder.see(lookOf(value), typeof value === 'string' ? value : '')
    }
    records++
  }
  if (records === 0)
    throw new DataError(
      'NO_RECORDS',
      `${where}: no JSON object found in the first ${sample.length} bytes to take the columns from; give a schema, or check that this is NDJSON`,
    )
  return foundFields(finders, isWhole).filter(field => !field.name.startsWith('$'))
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

function lookOf(value: unknown): Look {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return timeLook(value)
  const number = (value as Record<string, unknown>)['\0']
  return typeof number === 'string' ? numberLook(number) : 'text'
}
