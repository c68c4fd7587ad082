import { afterAll, describe, expect, it } from 'vitest'
import type { Column } from '../../src/batch/batch.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { int32, utf8 } from '../../src/batch/data-type.ts'
import { compileRegex } from '../../src/compute/regex.ts'
import { overDistinct, TextBuilder } from '../../src/compute/text-rows.ts'
import { createDevice } from '../../src/device/device.ts'
import { bindExpression } from '../../src/expr/bind.ts'
import { describeExpression } from '../../src/expr/describe.ts'
import { evaluate } from '../../src/expr/evaluate.ts'
import { type ColumnExpr, col, lit } from '../../src/frame/expr.ts'
import { type Table, valuesOfExpression, valuesOrError } from '../support/expressions.ts'
import { columnOf, valuesOf } from '../support/samples.ts'

const device = await createDevice()
const table = {
  s: ['utf8?', ['  Straße 12 ', 'éa😀éa', null, '']],
  p: ['utf8?', ['ß', 'éa', 'x', null]],
  n: ['int32?', [2, -1, 3, 0]],
  k: ['utf8', ['a,b,,c', ',', '', 'one']],
} satisfies Table
const values = (e: ColumnExpr<any, any>, over: Table = table) => valuesOfExpression(device, e.expression, over)
const thrown = (e: ColumnExpr<any, any>, over: Table = table) => valuesOrError(device, e.expression, over)

afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

describe('strings', () => {
  it('are measured in characters, bytes and bits', () => {
    expect(values(col('s').length())).toEqual([12, 5, null, 0])
    expect(values(col('s').byteLength())).toEqual([13, 10, null, 0])
    expect(values(col('s').bitLength())).toEqual([104n, 80n, null, 0n])
    expect(values(col('s').ascii())).toEqual([32, 0xe9, null, 0])
  })

  it('are measured in bytes as binary values are', () => {
    const over = { b: ['binary?', [Uint8Array.of(255, 0), new Uint8Array(0), null, new Uint8Array(300)]] } satisfies Table
    expect(values(col('b').byteLength(), over)).toEqual([2, 0, null, 300])
  })

  it('are cut by characters, from either end, with columns as positions', () => {
    expect(values(col('s').substring(2, 5))).toEqual(['Str', '😀éa', null, ''])
    expect(values(col('s').substring(-3))).toEqual(['12 ', '😀éa', null, ''])
    expect(values(col('s').substring(col('n')))).toEqual(['Straße 12 ', 'a', null, ''])
    expect(values(col('s').left(col('n')))).toEqual(['  ', 'éa😀é', null, ''])
    expect(values(col('s').right(col('n')))).toEqual(['2 ', 'a😀éa', null, ''])
    expect(values(col('s').right(0))).toEqual(['', '', null, ''])
    expect(values(lit('abc').left(col('n')))).toEqual(['ab', 'ab', 'abc', ''])
    expect(values(col('k').splitPart(',', 1))).toEqual(['b', '', null, null])
    expect(values(col('k').splitPart(',', -1))).toEqual(['c', '', '', 'one'])
    expect(values(col('s').splitPart('', 2))).toEqual(['S', '😀', null, null])
  })

  it('are trimmed, padded and repeated', () => {
    expect(values(col('s').trim())).toEqual(['Straße 12', 'éa😀éa', null, ''])
    expect(values(col('s').ltrim(' S'))).toEqual(['traße 12 ', 'éa😀éa', null, ''])
    expect(values(col('s').rtrim('a é'))).toEqual(['  Straße 12', 'éa😀', null, ''])
    expect(values(lit('\u3000 x\n\u00a0').trim().concat(col('k')))).toEqual(['xa,b,,c', 'x,', 'x', 'xone'])
    expect(values(col('k').lpad(5, '😀-'))).toEqual(['a,b,,', '😀-😀-,', '😀-😀-😀', '😀-one'])
    expect(values(col('k').rpad(5))).toEqual(['a,b,,', ',    ', '     ', 'one  '])
    expect(values(col('k').rpad(9, ''))).toEqual(['a,b,,c', ',', '', 'one'])
    expect(values(col('k').repeat(col('n')))).toEqual(['a,b,,ca,b,,c', '', '', ''])
    expect(thrown(col('k').repeat(2n ** 60n))).toContain('TEXT_SIZE test: repeat would make a text of')
    expect(thrown(col('k').lpad(2 ** 31))).toContain('TEXT_SIZE test: lpad would make a text of 2147483648 characters')
  })

  it('are searched and replaced, in any case where asked', () => {
    expect(values(col('s').indexOf(col('p')))).toEqual([6, 0, null, null])
    expect(values(col('s').indexOf('12'))).toEqual([9, -1, null, -1])
    expect(values(col('s').replace('é', '')).slice(1)).toEqual(['a😀a', null, ''])
    expect(values(col('s').contains('STRA', { ignoreCase: true }))).toEqual([true, false, null, false])
    expect(values(col('s').startsWith('É', { ignoreCase: true }))).toEqual([false, true, null, false])
    expect(values(col('s').ilike('%STRASSE%'))).toEqual([false, false, null, false])
    expect(values(col('s').ilike('%sTRAß%'))).toEqual([true, false, null, false])
    expect(values(col('k').like('%!,%', { escape: '!' }))).toEqual([true, true, false, false])
    expect(values(lit('50%').like('50\\%').or(col('k').eq('')))).toEqual([true, true, true, true])
    expect(values(lit('a\\b').like('a\\b', { escape: '' }).and(col('k').eq('')))).toEqual([false, false, true, false])
  })

  it('are joined without nulls, turned round and written in title case', () => {
    expect(values(lit('-').concatWs(col('k'), col('p'), lit(null)))).toEqual(['a,b,,c-ß', ',-éa', '-x', 'one'])
    expect(values(col('s').concat('-', col('p')))).toEqual(['  Straße 12 -ß', 'éa😀éa-éa', null, null])
    expect(values(col('s').reverse())).toEqual([' 21 eßartS  ', 'aé😀aé', null, ''])
    expect(values(lit("o'NEIL-smith éCOLE").title().concat(col('k').left(0)))[0]).toBe("O'neil-Smith École")
    expect(values(lit('éCOLE a').capitalize().concat(col('k').left(0)))[0]).toBe('École a')
    expect(values(lit(0x1f600).chr().concat(col('k').left(0)))[0]).toBe('😀')
    expect(values(lit(0xd800).chr().isNull().and(col('k').eq('')))).toEqual([false, false, true, false])
  })
})

describe('regular expressions', () => {
  it('test, extract, count and replace', () => {
    expect(values(col('s').regexMatch('\\d+'))).toEqual([true, false, null, false])
    expect(values(col('s').regexMatch('^.a😀', { flags: 's' }))).toEqual([false, true, null, false])
    expect(values(col('s').regexExtract('(?<w>\\p{L}+) (\\d+)', { group: 'w' }))).toEqual(['Straße', null, null, null])
    expect(values(col('s').regexExtract('éa', { start: 1, occurrence: 1 }))).toEqual([null, 'éa', null, null])
    expect(values(col('s').regexExtract('a', { occurrence: 2 }))).toEqual([null, 'a', null, null])
    expect(values(col('k').regexCount('[a-c]'))).toEqual([3, 0, 0, 0])
    expect(values(col('k').regexCount('', { start: 1 }))).toEqual([6, 1, 1, 3])
    expect(values(col('k').regexReplace('([a-z])', '<$1>'))).toEqual(['<a>,<b>,,<c>', ',', '', '<o><n><e>'])
    expect(values(col('k').regexReplace('([a-z])', '\\1\\1$$', { occurrence: 2 }))).toEqual(['a,bb$,,c', ',', '', 'onn$e'])
    expect(values(col('k').regexReplace('(?<x>n)', '$&-$<x>-$10'))).toEqual(['a,b,,c', ',', '', 'on-n-n0e'])
    expect(values(lit('x\ny').regexMatch('x\\Z').or(lit('x\n').regexMatch('x\\Z')).and(col('k').eq('')))).toEqual([false, false, true, false])
    expect(values(lit('b\na').regexMatch('\\Aa', { flags: 'm' }).or(col('k').eq('one')))).toEqual([false, false, false, true])
  })

  it('take a pattern per row, and say which is none', () => {
    expect(values(lit('xßéa').regexCount(col('p')))).toEqual([1, 1, 1, null])
    expect(thrown(col('k').regexMatch(col('q')), { k: ['utf8', ['a']], q: ['utf8', ['[']] })).toContain('REGEX test: "[" is no regular expression')
    expect(() => compileRegex('a'.repeat(10_001), '', 'filter')).toThrow('it is 10001 characters long, at most 10000 are taken')
    for (let i = 0; i < 300; i++) compileRegex(`a${i}`, 'i', 'filter')
    expect(compileRegex('a1', 'i', 'filter').test('A1')).toBe(true)
  })

  it('say in explain what they look for', () => {
    expect(describeExpression(col('s').regexExtract('a(b)', { group: 1 }).expression)).toBe(`regexExtract(s, 'a(b)', group => 1)`)
    expect(describeExpression(col('s').like('a!%', { escape: '!' }).expression)).toBe(`s like 'a!%' escape '!'`)
    expect(describeExpression(col('s').contains('a', { ignoreCase: true }).expression)).toBe(`contains(s, 'a', ignoreCase => true)`)
  })
})

describe('a column with codes', () => {
  it('is computed once per distinct value', () => {
    const arena = device.arena()
    const dictionary = columnOf(device, arena, utf8, ['ä1', 'long enough for the heap 2', 'C'])
    const rows = 100
    const texts = Array.from({ length: rows }, (_, i) => (i % 7 === 0 ? null : ['ä1', 'long enough for the heap 2', 'C'][i % 3]!))
    const codes = arena.allocate(4 * rows)
    device.memory.uint32s(codes, rows).set(texts.map((_, i) => i % 3))
    const column: Column = { ...columnOf(device, arena, utf8, texts), codes: { values: codes, dictionary } }
    const seen: number[] = []
    const lengths = overDistinct(device, arena, column, given => {
      seen.push(given.length)
      return columnOf(device, arena, int32, valuesOf(device, given).map(v => (v as string).length))
    })
    expect(seen).toEqual([3])
    expect(valuesOf(device, lengths)).toEqual(texts.map(t => t?.length ?? null))
    const fields = parseSchema({ s: 'utf8?' }, 'test')
    const run = (e: ColumnExpr<any, any>) =>
      valuesOf(device, evaluate(device, arena, bindExpression(e.expression, fields, 'test'), { fields, rowCount: rows, columns: [column], arena: arena.address }, 'test'))
    expect(run(col('s').regexExtract('\\d'))).toEqual(texts.map(t => t && (/\d/.exec(t)?.[0] ?? null)))
    expect(run(col('s').upper())).toEqual(texts.map(t => t?.toUpperCase() ?? null))
    expect(run(col('s').reverse())).toEqual(texts.map(t => t && [...t].reverse().join('')))
    arena.release()
  })
})

describe('texts on their way into a column', () => {
  it('grow beyond the first buffer', () => {
    const arena = device.arena()
    const builder = new TextBuilder()
    const texts = Array.from({ length: 3000 }, (_, i) => '€'.repeat(i % 50))
    for (const text of texts) builder.push(text)
    const values = builder.finish(device, arena, 'test')
    expect(valuesOf(device, { type: utf8, length: texts.length, values, validity: 0 })).toEqual(texts)
    arena.release()
  })
})
