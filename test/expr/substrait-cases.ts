// Reads Substrait's test cases, `add(120::i8, 5::i8) [overflow:ERROR] = 125::i8`, and says which of them Millrace has words for.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Expression } from '../../src/expr/expression.ts'
import { parseType } from '../../src/batch/type-name.ts'
import { isTemporal } from '../../src/compute/cast-time.ts'
import { listFunctions, listType, listValue } from './substrait-lists.ts'
import { isAggregateFile } from './substrait-aggregates.ts'
import { addNumbers, decimalType, numberFunctions, numberTypes, subtractNumbers } from './substrait-numbers.ts'
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
  ...numberTypes,
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
  const written = at < 0 ? text : text.slice(0, at)
  // Types of extensions write their values as (\'5\').
  const literal = /^\('[^']*'\)$/.test(written) ? written.slice(2, -2) : written
  const type = substraitType.startsWith('func') ? 'func' : literal.startsWith('(') ? undefined : (types[substraitType] ?? decimalType(substraitType) ?? listType(substraitType))
  return { text: literal, substraitType, type, value: type ? valueOf(literal, type) : undefined }
}

function valueOf(text: string, type: string): unknown {
  if (type === 'func') return text
  if (type.startsWith('list')) return listValue(text, type)
  if (text.toLowerCase() === 'null') return null
  if (type === 'utf8') return text.slice(1, -1)
  if (type === 'bool') return text === 'true'
  if (type === 'int64' || type === 'uint64') return /^-?\d+$/.test(text) ? BigInt(text) : undefined
  if (type.startsWith('decimal')) return text
  if (isTemporal(parseType(type, 'case').type)) return text
  const named: Record<string, number> = { inf: Infinity, '+inf': Infinity, '-inf': -Infinity, nan: Number.NaN }
  return named[text.toLowerCase()] ?? Number(text)
}

/** How a case becomes an expression; undefined where Millrace has no such form. */
export type Build = (args: readonly Expression[], c: Case) => Expression | undefined
const isTime = ({ args }: Case) => args.some(a => a.type !== undefined && isTemporal(parseType(a.type, 'case').type))

/** How Millrace says what a Substrait function says; absent where it can't. */
export const functions: Record<string, Build> = {
  ...numberFunctions,
  ...textFunctions,
  ...listFunctions,
  ...timeFunctions,
  add: (args, c) => (isTime(c) ? timeFunctions['add']! : addNumbers)(args, c),
  subtract: (args, c) => (isTime(c) ? timeFunctions['subtract']! : subtractNumbers)(args, c),
}
const withOptions = new Set([...Object.keys(numberFunctions), 'add', 'subtract'])

// What Millrace does where a case leaves the choice to functions of text; other settings are skipped. Those of numbers are options here too.
const settings: Record<string, readonly string[]> = {
  case_sensitivity: ['CASE_SENSITIVE', 'CASE_INSENSITIVE'],
  null_handling: ['ACCEPT_NULLS', 'IGNORE_NULLS'],
  negative_start: ['WRAP_FROM_END', 'LEFT_OF_BEGINNING'],
  direction: ['ASC_NULLS_FIRST', 'ASC_NULLS_LAST', 'DESC_NULLS_FIRST', 'DESC_NULLS_LAST'],
  lookaround: ['TRUE'],
  spaces_only: ['FALSE', 'False'],
  full_unicode: ['TRUE'],
}

const wrongCases = ['multiply(-13::i8, -10::i8) [overflow:SATURATE] = -128::i8', 'shift_left(301989888::i64, 8::i32) = 19791209299968::i64']

/** Why a case can't be run; undefined where it can. */
export function reasonToSkip(c: Case): string | undefined {
  const build = functions[c.fn]
  if (!build) return 'no such function'
  const values = [...c.args, ...(typeof c.expected === 'object' ? [c.expected] : [])].filter(v => v.substraitType !== 'enum')
  if (values.some(v => v.type === undefined)) return 'no such type'
  if (c.expected === undefined) return 'the outcome is left open'
  if (wrongCases.includes(c.text)) return 'the case is wrong: -13 * -10 is 130, and a shift by 8 multiplies by 256'
  for (const option of withOptions.has(c.fn) ? [] : c.options) {
    const [name, setting] = option.split(':') as [string, string]
    if (!settings[name]?.includes(setting)) return `the option ${option} is not Millrace's choice`
  }
  if (
    !build(
      c.args.map(() => ({ kind: 'literal', value: null })),
      c,
    )
  )
    return 'no such form of the function'
  return undefined
}
