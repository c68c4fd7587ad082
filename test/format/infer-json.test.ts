// Records that aren't parsed because they match a pattern of those before change nothing: the schema is that of the same records, spaced so that none matches. SEED=17 replays a failure.
import { describe, expect, it } from 'vitest'
import { random, type Random } from '../../src/base/random.ts'
import { schemaText } from '../../src/batch/schema.ts'
import { inferJsonSchema, inferValuesSchema } from '../../src/format/json/infer-schema.ts'
import { sampleStructRecord } from '../compute/reference/json-structs.ts'
import { mutate, pick, sampleRecord } from '../compute/reference/json.ts'
import { shapes } from '../support/samples.ts'

const first = Number(process.env.SEED ?? 1)
const seeds = process.env.SEED ? [first] : Array.from({ length: Number(process.env.FUZZ_ROUNDS ?? 60) }, (_, i) => i + 1)

// Records alike, of which a few bring something new: another look, null, a longer fraction, an escape, a key more or less, another order.
function recordMaker(r: Random): () => string {
  const rare = pick(r, 3, 20, 200)
  const usual = (value: () => string, ...others: string[]) => () => (r.int(rare) ? value() : pick(r, ...others, 'null'))
  const members: (() => string)[] = [
    usual(() => String(r.int(1000) - 10), '1.0', '1e3', '-0', '01', '1234567890123456', '9007199254740993', '9223372036854775808', '"1"', '1.5', '-'),
    usual(() => `${r.int(100)}.${r.int(100)}`, '1', '2e-3', '1.', '.5', '1e400', '1e', 'true'),
    usual(() => `"word ${r.int(100)}"`, '"2024-01-01"', '"\\u00e9\\n"', '"\\x"', '"a\tb"', '"é€😀"', '"\\""', '{}', '""'),
    usual(() => `"2024-${pick(r, '02-28', '04-30', '12-31', '01-05')}"`, '"2024-02-29"', '"2023-02-29"', '"2024-04-31"', '"2024-13-01"', '"2024-01-01T10:00Z"', '"soon"'),
    usual(() => `"2024-01-${10 + r.int(22)}T10:00:00.${r.int(1000)}Z"`, '"2024-01-01 10:00:00.123456+01:00"', '"2024-01-01t23:59"', '"2024-01-01T24:00:00"', '"2024-01-01T10:00:00.1234567"', '"2024-01-01"'),
    usual(() => pick(r, 'true', 'false'), '1', '"true"', 'tru', '[]'),
    usual(() => `[${Array.from({ length: r.int(4) }, () => r.int(9)).join(pick(r, ',', ', '))}]`, '[1,]', '[,1]', '[1 2]', '[ ]', '[1.5]', '["x"]', '[[1]]', '[null]', '{"a":1}'),
    usual(() => `{"x":${r.int(9)},"y":[{"z":"${r.int(9)}"}]}`, '{"x":1}', '{"y":[],"x":2}', '{"x":1,"y":[{}],"w":true}', '{"x":1,}', '{,"x":1}', '{"x":1 "y":[]}', '{}', '{"x":1,"x":"2"}'),
  ]
  const names = ['a', 'b.*+', 'c', 'd d', 'é"\\', 'f', 'g', 'h'].map(name => JSON.stringify(name))
  const space = pick(r, '', ' ')
  return () => {
    const pairs = members.flatMap((value, i) => (r.int(rare) || r.int(4) ? [`${names[i]}:${space}${value()}`] : []))
    if (r.int(rare) === 0) pairs.push(pick(r, '"7":1', '"new":"2024-01-01"', '"new":[]', '"\\u0061":1', 'new:1'))
    if (r.int(rare) === 0) pairs.reverse()
    return r.int(rare) ? `{${pairs.join(`,${space}`)}}` : pick(r, '', ' ', '[]', '{', '{}', '"text"', `{${pairs.join()}} `, `{${pairs.join()}}}`, ` {${pairs.join()}}\r`)
  }
}

const schema = (infer: typeof inferJsonSchema, text: string, isWhole: boolean) => {
  try {
    return Object.entries(schemaText(infer(new TextEncoder().encode(text), isWhole, 'test')))
  } catch (error) {
    return String((error as { code?: string }).code)
  }
}

describe('the schema of a JSON sample', () => {
  it('is that of all of its records, also of those that are only compared with a pattern', () => {
    for (const seed of seeds) {
      const r = random(seed)
      const alike = recordMaker(r)
      const make = pick(r, alike, alike, () => sampleStructRecord(r, pick(r, ...shapes)), () => sampleRecord(r, pick(r, ...shapes)))
      const records = Array.from({ length: 1 + r.int(60) }, () => (r.int(8) ? make() : new TextDecoder().decode(mutate(r, make(), r.int(2)))).replaceAll('\n', ' '))
      // White space that JSON has between any two of its tokens, but no pattern takes.
      const spaced = records.map(record => record.replace('{', '{\t'))
      for (const isWhole of [false, true]) {
        expect(schema(inferJsonSchema, records.join('\n'), isWhole), `seed ${seed}`).toEqual(schema(inferJsonSchema, spaced.join('\n'), isWhole))
        const good = records.filter(record => record.includes(':') && isJson(record))
        const array = (all: string[]) => `[${all.join(',\n')}]`
        expect(schema(inferValuesSchema, array(good), isWhole), `seed ${seed}, array`).toEqual(schema(inferValuesSchema, array(good.map(record => record.replace('{', '{\t'))), isWhole))
      }
    }
  })

  it('holds values that are told apart only by what was seen before them', () => {
    const infer = (isWhole: boolean, ...lines: string[]) => Object.fromEntries(schema(inferJsonSchema, lines.join('\n'), isWhole) as [string, string][])
    expect(infer(true, '{"a":1,"b":"x"}', '{"a":2,"b":"y"}', '{"a":2.5,"b":"z"}', '{"a":3}')).toEqual({ a: 'float64', b: 'utf8?' })
    expect(infer(true, '{"t":"2024-01-01"}', '{"t":"2024-02-28"}', '{"t":"2024-03-01T10:00:00.1234"}')).toEqual({ t: 'timestamp[us]' })
    expect(infer(true, '{"t":"2024-01-01"}', '{"t":"2024-01-02"}', '{"t":"2023-02-29"}')).toEqual({ t: 'utf8' })
    expect(infer(true, '{"n":1}', '{"n":2}', '{"n":9007199254740993}', '{"n":1.5}')).toEqual({ n: 'utf8' })
    expect(infer(true, '{"l":[]}', '{"l":[]}', '{"l":[{"k":1}]}', '{"l":[{}]}')).toEqual({ l: 'list<struct<k: int64?>>' })
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
