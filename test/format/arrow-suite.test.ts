// arrow-testing: golden files and streams of several writers against their integration JSON, column by column. Columns of types that Millrace does
// not have, and files with two columns of one name, are in arrow-skips.json with the reason; the list may only shrink.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bytesReader } from '../../src/base/bytes.ts'
import { createDevice } from '../../src/device/device.ts'
import { readArrow } from '../../src/format/arrow/read-arrow.ts'
import { readArrowRows } from '../support/format-files.ts'
import { suiteFolder } from '../support/suites.ts'
import skips from './arrow-skips.json' with { type: 'json' }

interface JsonField {
  name: string
  type: { name: string; unit?: string; precision?: string }
  dictionary?: { id: number }
}
interface JsonColumn {
  count: number
  VALIDITY?: number[]
  DATA?: unknown[]
  VIEWS?: { SIZE: number; INLINED?: string; BUFFER_INDEX?: number; OFFSET?: number }[]
  VARIADIC_DATA_BUFFERS?: string[]
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
        const golden = JSON.parse(gunzipSync(readFileSync(`${folder}/${set}.json.gz`)).toString('utf8')) as Golden
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
            rows.map(row => textOf(field, row[field.name])),
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

// Values as the integration JSON writes them; null for null.
function valuesOf(golden: Golden, field: JsonField, column: JsonColumn): (string | null)[] {
  const raw = column.VIEWS ? column.VIEWS.map(view => viewText(field, column, view)) : (column.DATA ?? []).map(value => jsonText(field, value))
  const present = (i: number) => !column.VALIDITY || column.VALIDITY[i] === 1
  if (!field.dictionary) return raw.map((value, i) => (present(i) ? value : null))
  const { data } = golden.dictionaries!.find(d => d.id === field.dictionary!.id)!
  const words = valuesOf(golden, { ...field, dictionary: undefined }, data.columns[0]!)
  return (column.DATA ?? []).map((code, i) => (present(i) ? words[Number(code)]! : null))
}

function jsonText({ type }: JsonField, value: unknown): string {
  if (type.name === 'floatingpoint') return String(type.precision === 'SINGLE' ? Math.fround(Number(value)) : Number(value))
  if (type.name.includes('binary')) return String(value).toLowerCase()
  return String(value)
}

function viewText({ type }: JsonField, column: JsonColumn, view: NonNullable<JsonColumn['VIEWS']>[number]): string {
  const isText = type.name === 'utf8view'
  if (view.INLINED !== undefined) return isText ? view.INLINED : view.INLINED.toLowerCase()
  const hex = column.VARIADIC_DATA_BUFFERS![view.BUFFER_INDEX!]!.slice(2 * view.OFFSET!, 2 * (view.OFFSET! + view.SIZE))
  return isText ? Buffer.from(hex, 'hex').toString('utf8') : hex.toLowerCase()
}

function textOf({ type }: JsonField, value: unknown): string | null {
  if (value === null) return null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (type.name === 'timestamp' && type.unit === 'SECOND') return String(Number(value) / 1000)
  return String(value)
}
