// Substrait's functions of numbers, logic and comparison in Millrace's words, and its options in Millrace's.
import { callExpression, type Expression } from '../../src/expr/expression.ts'
import type { Build, Case } from './substrait-cases.ts'

/** Names of numeric types; decimals are read by `decimalType`. */
export const numberTypes: Record<string, string> = {
  i8: 'int8',
  i16: 'int16',
  i32: 'int32',
  i64: 'int64',
  'u!u8': 'uint8',
  'u!u16': 'uint16',
  'u!u32': 'uint32',
  'u!u64': 'uint64',
  fp32: 'float32',
  fp64: 'float64',
  dec: 'decimal(38, 0)',
}

/** dec<5,2> as Millrace writes it. */
export function decimalType(type: string): string | undefined {
  const match = /^dec<(\d+),(\d+)>$/.exec(type)
  return match ? `decimal(${match[1]}, ${match[2]})` : undefined
}

const isInteger = (type: string | undefined) => type !== undefined && /^u?int/.test(type)

// What Substrait calls NaN is null in the cases of functions that it gives integers' results or zeros' logarithms for.
const words: Record<string, (setting: string, c: Case) => readonly [option: string, value: string] | undefined> = {
  overflow: setting => ({ ERROR: ['overflow', 'error'], SATURATE: ['overflow', 'saturate'], SILENT: ['overflow', 'wrap'] } as const)[setting],
  on_division_by_zero: setting => ({ ERROR: ['divisionByZero', 'error'], NAN: ['divisionByZero', 'null'], NULL: ['divisionByZero', 'null'] } as const)[setting],
  division_type: setting => ({ TRUNCATE: ['division', 'truncate'], FLOOR: ['division', 'floor'] } as const)[setting],
  on_log_zero: setting => ({ ERROR: ['logZero', 'error'], NAN: ['logZero', 'null'], MINUS_INFINITY: ['logZero', 'infinity'] } as const)[setting],
  complex_number_result: setting => ({ NAN: ['domainError', 'nan'], ERROR: ['domainError', 'error'] } as const)[setting],
  on_domain_error(setting, c) {
    if (c.fn === 'modulus') return ({ NULL: ['divisionByZero', 'null'], ERROR: ['divisionByZero', 'error'] } as const)[setting]
    const nan = c.fn === 'sqrt' && isInteger(c.args[0]!.type) ? 'null' : 'nan'
    return ({ NAN: ['domainError', nan], NONE: ['domainError', 'null'], ERROR: ['domainError', 'error'] } as const)[setting]
  },
}

/** The options of a case in Millrace's words; undefined where it has none for one. */
function optionsOf(c: Case): Record<string, string> | undefined {
  const options: Record<string, string> = {}
  for (const option of c.options) {
    const [name, setting] = option.split(':') as [string, string]
    if (name === 'rounding' && setting === 'TIE_TO_EVEN') continue
    const found = words[name]?.(setting, c)
    if (!found) return undefined
    options[found[0]] = found[1]
  }
  return options
}

const call =
  (fn: string | ((c: Case) => string), count?: number, order: (args: readonly Expression[]) => readonly Expression[] = args => args): Build =>
  (args, c) => {
    const options = optionsOf(c)
    if (!options || (count !== undefined && args.length !== count)) return undefined
    return callExpression(typeof fn === 'string' ? fn : fn(c), order(args), Object.keys(options).length > 0 ? options : undefined)
  }

const unary = Object.fromEntries(['abs', 'exp', 'ln', 'log10', 'log2', 'ceil', 'floor', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'factorial'].map(fn => [fn, call(fn, 1)]))

/** The functions. */
export const numberFunctions: Record<string, Build> = {
  ...unary,
  multiply: call('mul', 2),
  modulus: call('mod', 2),
  negate: call('neg', 1),
  divide: call(c => (c.args.some(a => a.type?.startsWith('float')) ? 'div' : 'intDiv'), 2),
  power: call('power', 2),
  logb: call('log', 2, ([base, x]) => [x!, base!]),
  atan2: call('atan2', 2),
  // The root of a negative decimal is an error there.
  sqrt: (args, c) => (c.args[0]!.type?.startsWith('decimal') ? callExpression('sqrt', args, { domainError: 'error' }) : call('sqrt', 1)(args, c)),
  round: (args, c) => callExpression('round', [args[0]!], { digits: Number(c.args[1]!.value) }),
  bitwise_and: call('bitAnd', 2),
  bitwise_or: call('bitOr', 2),
  bitwise_xor: call('bitXor', 2),
  bitwise_not: call('bitNot', 1),
  shift_left: call('shiftLeft', 2),
  shift_right: call('shiftRight', 2),
  shift_right_unsigned: call('shiftRightUnsigned', 2),
  equal: call('eq', 2),
  not_equal: call('ne', 2),
  lt: call('lt', 2),
  lte: call('le', 2),
  gt: call('gt', 2),
  gte: call('ge', 2),
  between: call('between', 3),
  is_not_distinct_from: call('eqNullSafe', 2),
  coalesce: call('coalesce'),
  is_null: call('isNull', 1),
  is_not_null: call('isNotNull', 1),
  is_nan: call('isNaN', 1),
  is_finite: call('isFinite', 1),
  is_infinite: call('isInfinite', 1),
  nullif: call('nullIf', 2),
  and: args => (args.length < 1 ? undefined : args.reduce((a, b) => callExpression('and', [a, b]))),
  or: args => (args.length < 1 ? undefined : args.reduce((a, b) => callExpression('or', [a, b]))),
  xor: call('xor', 2),
  not: call('not', 1),
  and_not: call('andNot', 2),
  is_true: call('isTrue', 1),
  is_not_true: call('isNotTrue', 1),
  is_false: call('isFalse', 1),
  is_not_false: call('isNotFalse', 1),
}

/** `add` and `subtract` of numbers. */
export const addNumbers: Build = call('add', 2)
export const subtractNumbers: Build = call('sub', 2)
