// How Millrace says what Substrait's functions of strings say. Its positions begin at 1, ours at 0.
import { callExpression, type Expression, literalExpression } from '../../src/expr/expression.ts'
import type { Build, Case } from './substrait-cases.ts'

const call =
  (fn: string, count?: number): Build =>
  args =>
    count !== undefined && args.length !== count ? undefined : callExpression(fn, args)
const setting = (c: Case, name: string) => c.options.find(o => o.startsWith(`${name}:`))?.slice(name.length + 1)
const whole = (c: Case, i: number) => (c.args.length > i ? Number(c.args[i]!.value) : undefined)

const test =
  (fn: string): Build =>
  (args, c) =>
    callExpression(fn, args, setting(c, 'case_sensitivity') === 'CASE_INSENSITIVE' ? { ignoreCase: true } : undefined)

function regex(fn: string, operands: number, places: readonly string[], fixed: Record<string, number> = {}): Build {
  return (args, c) => {
    const options: Record<string, number | string> = { ...fixed }
    places.forEach((place, i) => {
      const value = whole(c, operands + i)
      // An occurrence of 0 means the first one in these cases.
      if (value !== undefined) options[place] = place === 'start' ? value - 1 : place === 'occurrence' ? Math.max(1, value) : value
    })
    const flags = [
      ['case_sensitivity', 'CASE_INSENSITIVE', 'i'],
      ['multiline', 'MULTILINE_ENABLED', 'm'],
      ['dotall', 'DOTALL_ENABLED', 's'],
    ].map(([name, on, flag]) => (setting(c, name!) === on ? flag : ''))
    return callExpression(fn, args.slice(0, operands), { ...options, ...(flags.join('') && { flags: flags.join('') }) })
  }
}

const one = literalExpression(1)
const plus = (a: Expression, b: Expression) => callExpression('add', [a, b])
const atLeast0 = (a: Expression) => callExpression('when', [callExpression('lt', [a, literalExpression(0)]), literalExpression(0), a])

// [start, start + count) from 1. A start below 0 counts from the end, or lies left of the begin.
const substring: Build = ([text, start, count], c) => {
  const first = callExpression('sub', [start!, one])
  if (setting(c, 'negative_start') === 'WRAP_FROM_END') {
    const end = plus(start!, count!)
    // The end of a slice that reaches over the end of the string.
    const wrapped = callExpression('when', [callExpression('ge', [end, literalExpression(0)]), literalExpression(2n ** 40n), end])
    return callExpression('substring', [text!, start!, callExpression('cast', [wrapped], { to: 'int64' })])
  }
  return callExpression('substring', [text!, atLeast0(first), ...(count ? [atLeast0(plus(first, count))] : [])])
}

/** Substrait's functions of strings, by name. */
export const textFunctions: Record<string, Build> = {
  char_length: call('length', 1),
  octet_length: call('byteLength', 1),
  bit_length: call('bitLength', 1),
  lower: call('lower', 1),
  upper: call('upper', 1),
  reverse: call('reverse', 1),
  concat: (args, c) => (setting(c, 'null_handling') === 'IGNORE_NULLS' ? callExpression('concatWs', [literalExpression(''), ...args]) : callExpression('concat', args)),
  concat_ws: call('concatWs'),
  like: test('like'),
  contains: test('contains'),
  starts_with: test('startsWith'),
  ends_with: test('endsWith'),
  substring,
  left: call('left', 2),
  right: call('right', 2),
  lpad: call('lpad', 3),
  rpad: call('rpad', 3),
  trim: call('trim', 2),
  ltrim: call('ltrim', 2),
  rtrim: call('rtrim', 2),
  replace: call('replace', 3),
  repeat: call('repeat', 2),
  // No separator leaves the string whole.
  string_split: ([text, separator]) => callExpression('coalesce', [callExpression('split', [text!, separator!]), callExpression('list', [callExpression('coalesce', [text!, literalExpression('')])])]),
  regexp_match_substring: regex('regexExtract', 2, ['start', 'occurrence', 'group']),
  regexp_count_substring: regex('regexCount', 2, ['start']),
  // These cases replace the first match only.
  regexp_replace: regex('regexReplace', 3, ['start', 'occurrence'], { occurrence: 1 }),
  regexp_string_split: regex('regexSplit', 2, []),
}
