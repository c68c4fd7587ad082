// Reads Substrait's test cases, `add(120::i8, 5::i8) [overflow:ERROR] = 125::i8`, and says which of them Millrace has words for.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { callExpression, type Expression } from '../../src/expr/expression.ts'
import { parseType } from '../../src/batch/type-name.ts'
import { isTemporal } from '../../src/compute/cast-time.ts'
import { listFunctions, listType, listValue } from './substrait-lists.ts'
import { isAggregateFile } from './substrait-aggregates.ts'
import { textFunctions } from './substrait-text.ts'
import { timeFunctions, timeTypes } from './substrait-times.ts'

/** A value with its type's name in Millrace, which is undefined where Millrace has no such type. */
export interface CaseValue {
  readonly text: string
  readonly substraitType: string
  readonly type: string | undefined
  readonly value: unknown
}

export interface Case {
  readonly file: string
  readonly text: string
  readonly fn: string
  readonly args: readonly CaseValue[]
  readonly options: readonly string[]
  /** The expected value, or 'error'; undefined where the case leaves it open. */
  readonly expected: CaseValue | 'error' | undefined
}

const types: Record<string, string> = {
  i8: 'int32',
  i16: 'int32',
  i32: 'int32',
  i64: 'int64',
  fp32: 'float64',
  fp64: 'float64',
  bool: 'bool',
  str: 'utf8',
  ...timeTypes,
}

/** All cases of expressions under a folder, in order of their files. */
export function readCases(folder: string): Case[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(f => f.endsWith('.test') && !isAggregateFile(folder, f))
    .sort()
  return files.flatMap(file =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter(line => line.trim() !== '' && !line.startsWith('#'))
      .map(line => parseCase(relative(folder, join(folder, file)), line.trim())),
  )
}

const pattern = /^(\w+)\((.*)\)\s*(?:\[([^\]]*)\])?\s*=\s*(.+)$/

function parseCase(file: string, text: string): Case {
  const match = pattern.exec(text)
  const none = { file, text, fn: '', args: [], options: [], expected: undefined }
  if (!match) return none
  const options = (match[3] ?? '')
    .split(',')
    .map(o => o.trim())
    .filter(o => o !== '')
  const result = match[4]!.trim()
  const expected = result === '<!ERROR>' ? 'error' : result.startsWith('<!') ? undefined : parseValue(result)
  return { file, text, fn: match[1]!, args: splitArguments(match[2]!).map(parseValue), options, expected }
}

function splitArguments(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (c === "'") quoted = !quoted
    else if (!quoted && '([<'.includes(c)) depth++
    else if (!quoted && ')]>'.includes(c) && text[i - 1] !== '-') depth--
    else if (!quoted && depth === 0 && c === ',') {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  if (text.trim() !== '') parts.push(text.slice(start))
  return parts.map(p => p.trim())
}

function parseValue(text: string): CaseValue {
  const at = text.lastIndexOf('::')
  const substraitType =
    at < 0
      ? ''
      : text
          .slice(at + 2)
          .replaceAll(' ', '')
          .replace('?', '')
  const literal = at < 0 ? text : text.slice(0, at)
  const type = substraitType.startsWith('func') ? 'func' : literal.startsWith('(') ? undefined : (types[substraitType] ?? listType(substraitType))
  return { text: literal, substraitType, type, value: type ? valueOf(literal, type) : undefined }
}

function valueOf(text: string, type: string): unknown {
  if (type === 'func') return text
  if (type.startsWith('list')) return listValue(text, type)
  if (text.toLowerCase() === 'null') return null
  if (type === 'utf8') return text.slice(1, -1)
  if (type === 'bool') return text === 'true'
  if (type === 'int64') return /^-?\d+$/.test(text) ? BigInt(text) : undefined
  if (isTemporal(parseType(type, 'case').type)) return text
  const named: Record<string, number> = { inf: Infinity, '+inf': Infinity, '-inf': -Infinity, nan: Number.NaN }
  return named[text.toLowerCase()] ?? Number(text)
}

/** How a case becomes an expression; undefined where Millrace has no such form. */
export type Build = (args: readonly Expression[], c: Case) => Expression | undefined
const call =
  (fn: string, count?: number): Build =>
  args =>
    count !== undefined && args.length !== count ? undefined : callExpression(fn, args)
const literalInt = (c: Case, i: number) => Number(c.args[i]!.value)

/** How Millrace says what a Substrait function says; absent where it can't. */
export const functions: Record<string, Build> = {
  multiply: call('mul', 2),
  modulus: call('mod', 2),
  negate: call('neg', 1),
  abs: call('abs', 1),
  divide: (args, c) => callExpression(c.args.some(a => a.type === 'float64') ? 'div' : 'intDiv', args),
  sqrt: call('sqrt', 1),
  exp: call('exp', 1),
  ln: call('ln', 1),
  log10: call('log10', 1),
  ceil: call('ceil', 1),
  floor: call('floor', 1),
  round: (args, c) => callExpression('round', [args[0]!], { digits: literalInt(c, 1) }),
  equal: call('eq', 2),
  not_equal: call('ne', 2),
  lt: call('lt', 2),
  lte: call('le', 2),
  gt: call('gt', 2),
  gte: call('ge', 2),
  between: call('between', 3),
  coalesce: call('coalesce'),
  is_null: call('isNull', 1),
  is_not_null: call('isNotNull', 1),
  is_nan: call('isNaN', 1),
  nullif: args => callExpression('when', [callExpression('eq', args), { kind: 'literal', value: null }, args[0]!]),
  and: args => (args.length < 1 ? undefined : args.reduce((a, b) => callExpression('and', [a, b]))),
  or: args => (args.length < 1 ? undefined : args.reduce((a, b) => callExpression('or', [a, b]))),
  not: call('not', 1),
  and_not: ([a, b]) => callExpression('and', [a!, callExpression('not', [b!])]),
  is_true: ([a]) => callExpression('coalesce', [a!, { kind: 'literal', value: false }]),
  is_not_true: ([a]) => callExpression('not', [callExpression('coalesce', [a!, { kind: 'literal', value: false }])]),
  is_false: ([a]) => callExpression('not', [callExpression('coalesce', [a!, { kind: 'literal', value: true }])]),
  is_not_false: ([a]) => callExpression('coalesce', [a!, { kind: 'literal', value: true }]),
  ...textFunctions,
  ...listFunctions,
  ...timeFunctions,
}

// What Millrace does where a case leaves the choice; other settings are skipped.
const settings: Record<string, readonly string[]> = {
  overflow: ['ERROR'],
  rounding: ['TIE_TO_EVEN'],
  on_division_by_zero: ['ERROR'],
  division_type: ['TRUNCATE'],
  case_sensitivity: ['CASE_SENSITIVE', 'CASE_INSENSITIVE'],
  null_handling: ['ACCEPT_NULLS', 'IGNORE_NULLS'],
  negative_start: ['WRAP_FROM_END', 'LEFT_OF_BEGINNING'],
  direction: ['ASC_NULLS_FIRST', 'ASC_NULLS_LAST', 'DESC_NULLS_FIRST', 'DESC_NULLS_LAST'],
  lookaround: ['TRUE'],
  spaces_only: ['FALSE', 'False'],
  full_unicode: ['TRUE'],
  on_log_zero: ['MINUS_INFINITY'],
}

/** Why a case can't be run; undefined where it can. */
export function reasonToSkip(c: Case): string | undefined {
  const build = functions[c.fn]
  if (!build) return 'no such function'
  const values = [...c.args, ...(typeof c.expected === 'object' ? [c.expected] : [])].filter(v => v.substraitType !== 'enum')
  if (values.some(v => v.type === undefined)) return 'no such type'
  if (c.expected === undefined) return 'the outcome is left open'
  const integers = c.args.every(a => a.type !== 'float64')
  for (const option of c.options) {
    const [name, setting] = option.split(':') as [string, string]
    const chosen = name === 'on_domain_error' ? (c.fn === 'modulus' && integers ? ['ERROR'] : ['NAN']) : settings[name]
    if (!chosen?.includes(setting)) return `the option ${option} is not Millrace's choice`
  }
  if (c.expected === 'error' && c.args.some(a => a.substraitType === 'i8' || a.substraitType === 'i16')) return 'int8 and int16 are int32 here'
  if (c.fn === 'sqrt' && typeof c.expected === 'object' && c.expected.value === null && c.args[0]!.value !== null)
    return 'the root below 0 is NaN here, not null'
  if (c.fn === 'round' && literalInt(c, 1) < 0 && integers) return 'integers are not rounded to tens'
  if (
    !build(
      c.args.map(() => ({ kind: 'literal', value: null })),
      c,
    )
  )
    return 'no such form of the function'
  return undefined
}
