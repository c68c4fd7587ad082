import { afterAll, describe, expect, it } from 'vitest'
import { int64 } from '../../src/batch/data-type.ts'
import { parseSchema, schemaText } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { col } from '../../src/frame/expr.ts'
import { dropOperator, renameOperator, selectNames, selectOperator, withOperator } from '../../src/operators/project.ts'
import { closeEngines, frame } from '../support/frames.ts'
import { runOperator } from '../support/run-operator.ts'

const device = await createDevice()
const schema = { a: 'int64', b: 'utf8?' }
const rows = [
  { a: 1n, b: 'x' },
  { a: 2n, b: null },
]
const hidden = [...parseSchema(schema, 'test'), { name: '$watermark', type: int64, nullable: true }]
const columns = (of: Record<string, { expression: unknown }>) => ({ columns: Object.fromEntries(Object.entries(of).map(([name, e]) => [name, e.expression])) })

afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

describe('with', () => {
  it('adds columns, replaces those that are there in place, and computes all from the input', () => {
    const run = runOperator(device, withOperator as never, columns({ a: col('a').mul(0.5), c: col('a').add(1), d: col('b').fillNull('-') }), schema, [rows])
    expect(schemaText(run.fields)).toEqual({ a: 'float64', b: 'utf8?', c: 'int64', d: 'utf8' })
    expect(run.batches).toEqual([
      [
        { a: 0.5, b: 'x', c: 2n, d: 'x' },
        { a: 1, b: null, c: 3n, d: '-' },
      ],
    ])
    expect(run.emittedFields).toEqual([run.fields])
  })

  it('names itself where a row fails', () => {
    expect(() => runOperator(device, withOperator as never, columns({ c: col('a').intDiv(0) }), schema, [rows])).toThrow(
      'with: 1 intDiv 0 divides by zero in row 0 of a batch',
    )
  })
})

describe('select', () => {
  it('keeps names in the order given', () => {
    expect(runOperator(device, selectOperator as never, selectNames(['b', 'a']), schema, [rows]).batches).toEqual([
      [
        { b: 'x', a: 1n },
        { b: null, a: 2n },
      ],
    ])
  })

  it('computes expressions', () => {
    const run = runOperator(device, selectOperator as never, columns({ twice: col('a').mul(2), b: col('b') }), schema, [rows])
    expect(schemaText(run.fields)).toEqual({ twice: 'int64', b: 'utf8?' })
    expect(run.batches[0]![1]).toEqual({ twice: 4n, b: null })
  })
})

describe('rename and drop', () => {
  it('give new names without touching values', () => {
    const run = runOperator(device, renameOperator as never, { names: { a: 'b', b: 'a' } }, schema, [rows])
    expect(run.batches).toEqual([
      [
        { b: 1n, a: 'x' },
        { b: 2n, a: null },
      ],
    ])
    expect(runOperator(device, dropOperator as never, { names: ['b'] }, schema, [rows]).batches).toEqual([[{ a: 1n }, { a: 2n }]])
  })

  it('refuse names that are not there, and two of one name', () => {
    expect(() => runOperator(device, renameOperator as never, { names: { c: 'd' } }, schema, [])).toThrow('rename: no column "c"; the input has a, b')
    expect(() => runOperator(device, renameOperator as never, { names: { a: 'b' } }, schema, [])).toThrow('rename: two columns would be named "b"')
    expect(() => runOperator(device, dropOperator as never, { names: ['c'] }, schema, [])).toThrow('drop: no column "c"')
  })
})

describe('hidden columns', () => {
  it('stay through every step, and are not seen', () => {
    const batches = [rows.map((row, i) => ({ ...row, $watermark: BigInt(i) }))]
    const steps = [
      [withOperator, columns({ c: col('a') })],
      [selectOperator, selectNames(['a'])],
      [renameOperator, { names: { a: 'z' } }],
      [dropOperator, { names: ['a'] }],
    ] as const
    for (const [type, params] of steps) {
      const run = runOperator(device, type as never, params, hidden, batches)
      expect(
        run.fields.map(f => f.name),
        type.kind,
      ).toContain('$watermark')
      expect(Object.keys(run.batches[0]![0]!), type.kind).not.toContain('$watermark')
    }
  })
})

describe('explain', () => {
  it('says what each step does', () => {
    expect(withOperator.describe(columns({ c: col('a').add(1) }) as never)).toBe('with c: a + 1')
    expect(selectOperator.describe(selectNames(['a', 'b']))).toBe('select a, b')
    expect(renameOperator.describe({ names: { a: 'b' } })).toBe('rename a to b')
    expect(dropOperator.describe({ names: ['a'] })).toBe('drop a')
  })
})

describe('names that are whole numbers', () => {
  const numbered = { 10: 'int64', b: 'utf8?', 2: 'int64' } as Record<string, string>

  it('are selected in the order that is asked for', () => {
    const run = runOperator(device, selectOperator as never, selectNames(['b', '10', '2']), numbered, [[{ 10: 1n, b: 'x', 2: 5n }]])
    expect(run.fields.map(field => field.name)).toEqual(['b', '10', '2'])
    expect(run.batches).toEqual([[{ b: 'x', 10: 1n, 2: 5n }]])
  })

  it('are united by name', async () => {
    const one = frame([{ k: 7, v: 1 }], { k: 'int32', v: 'int32' }).rename({ v: '3' })
    const other = frame([{ v: 2, k: 8 }], { v: 'int32', k: 'int32' }).rename({ v: '3' })
    expect((await one.union(other).collect()).toArray()).toEqual([{ k: 7, 3: 1 }, { k: 8, 3: 2 }])
    await closeEngines()
  })
})
