import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../src/base/errors.ts'
import type { Value } from '../../src/batch/read-values.ts'
import { parseDecimal } from '../../src/batch/decimal-text.ts'
import { parseType } from '../../src/batch/type-name.ts'
import { createDevice } from '../../src/device/device.ts'
import { isTemporal } from '../../src/compute/cast-time.ts'
import { callExpression, columnExpression, type Expression, literalExpression } from '../../src/expr/expression.ts'
import { type Table, valuesOfExpression } from '../support/expressions.ts'
import { lambdaBody, listExpression } from './substrait-lists.ts'
import { readAggregateCases } from './substrait-aggregates.ts'
import { type Case, type CaseValue, functions, readCases, reasonToSkip } from './substrait-cases.ts'

const suites = process.env['MILLRACE_SUITES'] ?? fileURLToPath(new URL('../../../shared/suites', import.meta.url))
const folder = `${suites}/substrait/cases`
const skipFile = fileURLToPath(new URL('substrait-skipped.json', import.meta.url))
const rowCounts = [1, 7, 64, 1025]
const device = await createDevice()

function constant({ value, type, text }: CaseValue): Expression {
  if (type!.startsWith('list')) return listExpression(value, type!)
  const isTime = isTemporal(parseType(type!, 'case').type) && value !== null
  const literal = literalExpression(isTime ? text : (value as never))
  return type === undefined ? literal : callExpression('cast', [literal], { to: type })
}

const timeOf = (value: CaseValue) => valuesOfExpression(device, constant(value), {}, 1)[0]!
const shown = (value: unknown) => JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))

function sameValue(actual: Value, expected: CaseValue): boolean {
  const { value, type, substraitType } = expected
  if (value === null || actual === null) return value === actual
  if (type!.startsWith('list')) return shown(actual) === shown(value)
  if (isTemporal(parseType(type!, 'case').type)) return shown(actual) === shown(timeOf(expected))
  if (type!.startsWith('decimal')) return parseDecimal(actual as string, 38) === parseDecimal(value as string, 38)
  if (!type!.startsWith('float'))
    return typeof value === 'bigint' || typeof actual === 'bigint' ? BigInt(actual as bigint) === BigInt(value as bigint) : actual === value
  const [a, b] = [Number(actual), value as number]
  return Object.is(a, b) || a === b || Math.abs(a - b) <= Math.abs(b) * (substraitType === 'fp32' ? 1e-6 : 4e-15)
}

/** Runs a case with the arguments that `isColumn` names as columns of `rows` rows; null when all is well, else what was wrong. */
function run(c: Case, rows: number, isColumn: (index: number) => boolean): string | null {
  const table: Record<string, Table[string]> = {}
  const args = c.args.map((arg, i) => {
    if (arg.substraitType === 'enum') return literalExpression(null)
    if (arg.type === 'func') return lambdaBody(arg.text)
    if (!isColumn(i)) return constant(arg)
    table[`x${i}`] = [`${arg.type}?`, Array.from({ length: rows }, () => arg.value)]
    return columnExpression(`x${i}`)
  })
  let values: Value[]
  try {
    values = valuesOfExpression(device, functions[c.fn]!(args, c)!, table, rows)
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    return c.expected === 'error' ? null : error.message
  }
  const { expected } = c
  if (expected === 'error' || expected === undefined) return `gave ${String(values[0])}, not an error`
  const wrong = values.findIndex(v => !sameValue(v, expected))
  return wrong < 0 ? null : `row ${wrong} of ${rows} is ${String(values[wrong])}`
}

describe.skipIf(!existsSync(folder))('the Substrait cases', () => {
  const cases = existsSync(folder) ? readCases(folder) : []
  const skipped: Record<string, Record<string, string[]>> = {}
  for (const c of cases) {
    const reason = reasonToSkip(c)
    if (reason) ((skipped[reason] ??= {})[c.file] ??= []).push(c.text)
  }
  const counts = Object.fromEntries(Object.entries(skipped).map(([reason, files]) => [reason, Object.values(files).flat().length]))
  // A function or type that isn't there skips hundreds of cases: those are counted by file, others listed.
  const list = Object.fromEntries(
    Object.entries(skipped).map(([reason, files]) => [
      reason,
      reason.startsWith('no such') ? Object.fromEntries(Object.entries(files).map(([f, t]) => [f, t.length])) : files,
    ]),
  )
  // Aggregates all run, in a test of their own.
  const aggregates = existsSync(folder) ? readAggregateCases(folder).length : 0
  const score = { total: cases.length + aggregates, run: cases.length + aggregates - Object.values(counts).reduce((a, b) => a + b, 0), skipped: counts, list }
  if (process.env['UPDATE'] && cases.length > 0) writeFileSync(skipFile, `${JSON.stringify(score, null, 1)}\n`)

  it('are skipped only where the committed list says so', () => {
    expect(score).toEqual(JSON.parse(readFileSync(skipFile, 'utf8')))
  })

  const runnable = cases.filter(c => reasonToSkip(c) === undefined)
  for (const file of new Set(runnable.map(c => c.file))) {
    it(`of ${file} hold for constants, for columns of every length, and for both mixed`, () => {
      const failures: string[] = []
      for (const c of runnable) {
        if (c.file !== file) continue
        const problems = [
          run(c, 1, () => false),
          ...rowCounts.flatMap(rows => [run(c, rows, () => true), run(c, rows, i => i === 0), run(c, rows, i => i > 0)]),
        ]
        const problem = problems.find(p => p !== null)
        if (problem) failures.push(`${c.text}: ${problem}`)
      }
      expect(failures).toEqual([])
      expect(device.pages.used()).toBe(0)
    })
  }
})
