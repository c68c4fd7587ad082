import { afterAll, describe, expect, it } from 'vitest'
import type { Batch, Column } from '../../src/batch/batch.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { dictionaryCodes } from '../../src/compute/dictionary-codes.ts'
import { createDevice } from '../../src/device/device.ts'
import { bindExpression } from '../../src/expr/bind.ts'
import { evaluate } from '../../src/expr/evaluate.ts'
import { col, type ColumnExpr, lit, when } from '../../src/frame/expr.ts'
import { random } from '../../src/base/random.ts'
import { buildColumn } from '../../src/batch/build-columns.ts'
import { valuesOf } from '../support/samples.ts'

const device = await createDevice()
const cities = ['Ulm', 'Köln', '', 'a city of more than twelve bytes', 'ulm', '12', '-7']
const draw = random(5)
const rows = 500
const texts = Array.from({ length: rows }, () => (draw.int(6) === 0 ? null : cities[draw.int(cities.length)]!))
const numbers = Array.from({ length: rows }, () => draw.int(9))

afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

function outcome(e: ColumnExpr<any, any>, given: readonly (string | null)[], coded: boolean): unknown {
  const fields = parseSchema({ city: given.includes(null) ? 'utf8?' : 'utf8', n: 'int32' }, 'test')
  const arena = device.arena()
  try {
    const columns = fields.map(field => buildColumn(device, arena, field, field.name === 'n' ? numbers : given, 'test'))
    const city = coded ? withCodes(arena, columns[0]!) : columns[0]!
    const batch: Batch = { fields, rowCount: rows, columns: [city, columns[1]!], arena: arena.address }
    return valuesOf(device, evaluate(device, arena, bindExpression(e.expression, fields, 'test'), batch, 'test'))
  } catch (error) {
    return (error as Error).message
  } finally {
    arena.release()
  }
}

function withCodes(arena: ReturnType<typeof device.arena>, column: Column): Column {
  const making = dictionaryCodes(device, arena, [column])
  let step = making.next()
  while (!step.done) step = making.next()
  return { ...column, codes: step.value![0]! }
}

const city = col('city')
const expressions: Record<string, ColumnExpr<any, any>> = {
  'a test': city.lower().eq('ulm'),
  'a pattern': city.like('%l%m').or(city.regexMatch('^K')),
  'a text': city.upper().concat('!'),
  'a number': city.length().mul(2),
  'a list': city.split(' '),
  'a null of each': city.tryCast('int32'),
  'a test for null': city.isNull(),
  'a value for null': city.fillNull('none').reverse(),
  'a choice by null': when(city.isNull()).then('?').otherwise(city.left(2)),
  'a decimal': city.tryCast('decimal(5, 2)').round(1),
  'a constant beside it': lit('Ulm und Köln').contains(city),
  'two columns': city.length().add(col('n')).gt(8).and(city.startsWith('a')),
  'a guard that keeps errors away': when(city.regexMatch('^-?[0-9]+$')).then(city.cast('int32')).otherwise(0),
  'an error': city.cast('int32'),
  'an error of rows that do not count': col('n').gt(100).and(city.cast('int32').gt(0)),
}

describe('an expression over a column with a dictionary', () => {
  const whole = texts.map(text => text ?? 'Ulm')
  it.each(Object.keys(expressions))('gives what it gives row by row: %s', name => {
    for (const given of [texts, whole]) {
      const expected = outcome(expressions[name]!, given, false)
      expect(outcome(expressions[name]!, given, true)).toEqual(expected)
      expect(Array.isArray(expected)).toBe(name !== 'an error')
    }
  })

  it('is computed once for each distinct text', () => {
    const fields = parseSchema({ city: 'utf8' }, 'test')
    const arena = device.arena()
    const column = withCodes(arena, buildColumn(device, arena, fields[0]!, whole, 'test'))
    const lengths: number[] = []
    const bound = bindExpression(city.length().expression, fields, 'test')
    const lengthOf = (_: unknown, [a]: readonly [Column]) => {
      lengths.push(a.length)
      return { type: bound.type, value: 1 }
    }
    const spied = { ...bound, fn: { ...(bound as { fn: object }).fn, evaluate: lengthOf } } as unknown as typeof bound
    evaluate(device, arena, spied, { fields, rowCount: rows, columns: [column], arena: arena.address }, 'test')
    expect(lengths).toEqual([new Set(whole).size])
    arena.release()
  })
})
