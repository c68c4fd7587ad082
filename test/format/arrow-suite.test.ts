// arrow-testing: golden files and streams of several writers against their integration JSON, column by column. Columns of types that Millrace does
// not have (unions, runs, decimals of 256 bits), and files with two columns of one name, are in arrow-skips.json with the reason; the list may only shrink.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bytesReader } from '../../src/base/bytes.ts'
import { formatDecimal } from '../../src/batch/decimal-text.ts'
import { float16Bits, float16Number } from '../../src/batch/float16.ts'
import type { Interval, Value } from '../../src/batch/read-values.ts'
import { createDevice } from '../../src/device/device.ts'
import { readArrow } from '../../src/format/arrow/read-arrow.ts'
import { readArrowRows } from '../support/format-files.ts'
import { suiteFolder } from '../support/suites.ts'
import skips from './arrow-skips.json' with { type: 'json' }

interface JsonField {
  name: string
  type: { name: string; unit?: string; precision?: number | string; scale?: number; bitWidth?: number; listSize?: number }
  children?: JsonField[]
  dictionary?: { id: number }
}
interface JsonColumn {
  count: number
  VALIDITY?: number[]
  DATA?: unknown[]
  OFFSET?: (number | string)[]
  SIZE?: (number | string)[]
  VIEWS?: { SIZE: number; INLINED?: string; BUFFER_INDEX?: number; OFFSET?: number }[]
  VARIADIC_DATA_BUFFERS?: string[]
  children?: JsonColumn[]
}
interface Golden {
  schema: { fields: JsonField[] }
  batches: { columns: JsonColumn[] }[]
  dictionaries?: { id: number; data: { columns: JsonColumn[] } }[]
}

const folder = suiteFolder('arrow-testing')
const device = await createDevice()
const sets = folder
  ? readdirSync(folder)
      .flatMap(part =>
        existsSync(`${folder}/${part}`) && !part.includes('.txt')
          ? readdirSync(`${folder}/${part}`)
              .filter(f => f.endsWith('.json.gz'))
              .map(f => `${part}/${f.replace('.json.gz', '')}`)
          : [],
      )
      .sort()
  : []
const skippedSets: Record<string, string> = skips.sets
const skippedColumns: Record<string, string> = skips.columns
const seen = { sets: 0, columns: 0, skippedSets: 0, skippedColumns: 0 }

describe.skipIf(!folder)('arrow-testing', () => {
  describe.each(sets.flatMap(set => ['arrow_file', 'stream'].filter(ending => existsSync(`${folder}/${set}.${ending}`)).map(ending => ({ set, ending }))))(
    '$set.$ending',
    ({ set, ending }) => {
      const bytes = new Uint8Array(readFileSync(`${folder}/${set}.${ending}`))
      if (set in skippedSets) {
        it('is refused with a reason', () => {
          seen.skippedSets++
          expect(() => readArrowRows(device, bytes)).toThrow(skippedSets[set])
        })
        return
      }
      it('holds what its JSON says', () => {
        // Nanoseconds of intervals are beyond what a number holds.
        const text = gunzipSync(readFileSync(`${folder}/${set}.json.gz`)).toString('utf8')
        const golden = JSON.parse(text.replace(/"nanoseconds": (-?\d+)/g, '"nanoseconds": "$1"')) as Golden
        const { columns } = readArrow(bytesReader(bytes), set)
        expect(columns.map(c => c.field.name)).toEqual(golden.schema.fields.map(f => f.name))
        seen.sets++
        const rows = readArrowRows(device, bytes)
        golden.schema.fields.forEach((field, i) => {
          const { unreadable } = columns[i]!
          if (unreadable !== undefined) {
            expect(skippedColumns[`${set}: ${field.name}`], `${set}: ${field.name}`).toBe(unreadable)
            seen.skippedColumns++
            return
          }
          seen.columns++
          const expected = golden.batches.flatMap(batch => valuesOf(golden, field, batch.columns[i]!))
          expect(
            rows.map(row => row[field.name]),
            field.name,
          ).toEqual(expected)
        })
        expect(device.pages.used()).toBe(0)
      })
    },
  )

  it('keeps its score', () => {
    expect(seen).toEqual(skips.score)
  })
})

// Values as the integration JSON says they are, in the form that rows have.
function valuesOf(golden: Golden, field: JsonField, column: JsonColumn): Value[] {
  const value = field.dictionary ? fromDictionary(golden, field, column) : valueAt(golden, field, column)
  return Array.from({ length: column.count }, (_, i) => (column.VALIDITY && column.VALIDITY[i] !== 1 ? null : value(i)))
}

function fromDictionary(golden: Golden, field: JsonField, column: JsonColumn): (i: number) => Value {
  const { data } = golden.dictionaries!.find(d => d.id === field.dictionary!.id)!
  const words = valuesOf(golden, { ...field, dictionary: undefined }, data.columns[0]!)
  return i => words[Number(column.DATA![i])]!
}

function valueAt(golden: Golden, field: JsonField, column: JsonColumn): (i: number) => Value {
  const { type } = field
  const inside = (field.children ?? []).map((child, i) => valuesOf(golden, child, column.children![i]!))
  if (type.name === 'null') return () => null
  if (type.name === 'struct') return i => Object.fromEntries(field.children!.map((child, c) => [child.name, inside[c]![i]!]))
  if (type.name === 'fixedsizelist') return i => inside[0]!.slice(i * type.listSize!, (i + 1) * type.listSize!)
  if (column.VIEWS) return i => viewValue(field, column, column.VIEWS![i]!)
  if (column.SIZE) return i => inside[0]!.slice(Number(column.OFFSET![i]), Number(column.OFFSET![i]) + Number(column.SIZE![i]))
  const part = (i: number) => inside[0]!.slice(Number(column.OFFSET![i]), Number(column.OFFSET![i + 1]))
  if (type.name === 'map') return i => new Map(part(i).map(entry => Object.values(entry as Record<string, Value>) as [Value, Value]))
  if (inside.length > 0) return part
  return i => scalar(field, column.DATA![i])
}

function scalar({ type }: JsonField, value: unknown): Value {
  const text = String(value)
  switch (type.name) {
    case 'bool':
      return Boolean(value)
    case 'int':
      return type.bitWidth === 64 ? BigInt(text) : Number(value)
    case 'floatingpoint':
      return type.precision === 'SINGLE' ? Math.fround(Number(value)) : type.precision === 'HALF' ? float16Number(float16Bits(Number(value))) : Number(value)
    case 'decimal':
      return formatDecimal(BigInt(text), type.scale!)
    case 'date':
      return type.unit === 'DAY' ? Number(value) * 86_400_000 : Number(value)
    case 'time':
    case 'timestamp':
    case 'duration':
      return type.unit === 'SECOND' ? Number(BigInt(text)) * 1000 : type.unit === 'MILLISECOND' ? Number(value) : BigInt(text)
    case 'interval':
      return interval(value)
    case 'utf8':
    case 'largeutf8':
      return text
    default:
      return Uint8Array.from(Buffer.from(text, 'hex'))
  }
}

function interval(value: unknown): Interval {
  if (typeof value === 'number') return { months: value, days: 0, nanoseconds: 0n }
  const { months = 0, days, milliseconds = 0, nanoseconds } = value as { months?: number; days: number; milliseconds?: number; nanoseconds?: number }
  return { months, days, nanoseconds: nanoseconds === undefined ? BigInt(milliseconds) * 1_000_000n : BigInt(nanoseconds) }
}

function viewValue({ type }: JsonField, column: JsonColumn, view: NonNullable<JsonColumn['VIEWS']>[number]): Value {
  const isText = type.name === 'utf8view'
  if (view.INLINED !== undefined) return isText ? view.INLINED : Uint8Array.from(Buffer.from(view.INLINED, 'hex'))
  const hex = column.VARIADIC_DATA_BUFFERS![view.BUFFER_INDEX!]!.slice(2 * view.OFFSET!, 2 * (view.OFFSET! + view.SIZE))
  return isText ? Buffer.from(hex, 'hex').toString('utf8') : Uint8Array.from(Buffer.from(hex, 'hex'))
}
