// Compiles typed expressions to vector instructions over eight rows. What it doesn't know it leaves to the interpreter; what it computes is the same to the
// bit. Where a row may be an error (an overflow, a cast that doesn't fit) it notes trouble, also for rows that no one asks for: the interpreter then decides.
import type { DataType } from '../batch/data-type.ts'
import { isFloat, isInteger } from '../batch/data-type.ts'
import { parseType } from '../batch/type-name.ts'
import type { Instruction } from '../device/wasm-code.ts'
import type { Bound } from '../expr/function.ts'
import type { ColumnLoads } from './columns.ts'
import type { Emitter } from './emitter.ts'
import { combine, hull, int16Range, int64Range, isWithin, int32Range, type Range, rangeOf, type Value } from './value.ts'

type Call = Bound & { readonly kind: 'call' }
type Compile = (compiler: ExpressionCompiler, call: Call) => Value | undefined

/** Compiles the expressions of one iteration; equal ones (the same object) once. */
export class ExpressionCompiler {
  readonly emitter: Emitter
  readonly columns: ColumnLoads
  readonly #known = new Map<Bound, Value | undefined>()
  constructor(emitter: Emitter, columns: ColumnLoads) {
    this.emitter = emitter
    this.columns = columns
  }

  /** The value of an expression; undefined where it, or a part, can't be compiled. */
  compile(bound: Bound): Value | undefined {
    if (!this.#known.has(bound)) this.#known.set(bound, this.#compile(bound))
    return this.#known.get(bound)
  }

  all(bounds: readonly Bound[]): Value[] | undefined {
    const values = bounds.map(bound => this.compile(bound))
    return values.every(value => value !== undefined) ? (values as Value[]) : undefined
  }

  #compile(bound: Bound): Value | undefined {
    if (bound.kind === 'column') return this.columns.load(bound.index)
    if (bound.kind === 'constant') return this.#constant(bound.type, bound.constant.value)
    if (bound.fn.name !== 'cast' && Object.keys(bound.options).length > 0) return undefined
    return Object.hasOwn(functions, bound.fn.name) ? functions[bound.fn.name]!(this, bound) : undefined
  }

  #constant(type: DataType, value: unknown): Value | undefined {
    const { emitter } = this
    const none = value === null && { valid: emitter.mask(false) }
    if (type.kind === 'bool') return { lane: 'mask', parts: emitter.mask(value === true), ...none }
    if (type.kind === 'float64' || type.kind === 'float32') {
      const number = value === null ? 0 : (value as number)
      return { lane: 'f64', parts: emitter.float(type.kind === 'float32' ? Math.fround(number) : number), ...none }
    }
    if (!rangeOf(type)) return undefined
    const whole = value === null ? 0n : BigInt(value as bigint | number)
    if (!isWithin({ least: whole, most: whole }, int64Range)) return undefined
    const lane = isWithin({ least: whole, most: whole }, int32Range) ? 'i32' : 'i64'
    const range = { least: whole, most: whole }
    return { lane, parts: emitter.whole(lane, whole), range, ...(isWithin(range, int16Range) && { short: () => emitter.short(whole) }), ...none }
  }
}

function withValid(emitter: Emitter, value: Value, ...args: readonly Value[]): Value {
  const valid = args.map(arg => arg.valid).reduce((a, b) => emitter.both(a, b))
  return valid ? { ...value, valid } : value
}

const arithmetic =
  (op: 'add' | 'sub' | 'mul'): Compile =>
  (compiler, call) => {
    const args = compiler.all(call.args)
    if (!args) return undefined
    const { emitter } = compiler
    const [a, b] = args as [Value, Value]
    if (call.type.kind === 'float64') return a.lane === 'f64' && b.lane === 'f64' ? withValid(emitter, { lane: 'f64', parts: emitter.binary(`f64x2.${op}`, a.parts, b.parts) }, a, b) : undefined
    if (call.type.kind === 'decimal') {
      const scales = call.args.map(arg => (arg.type.kind === 'decimal' ? arg.type.scale : 0))
      const scale = op === 'mul' ? undefined : Math.max(...scales)
      const [left, right] = [a, b].map((value, i) => (scale === undefined ? value : scaled(emitter, value, scale - scales[i]!)))
      const made = left && right && wholeArithmetic(emitter, op, left, right, int64Range)
      return made && withValid(emitter, made, a, b)
    }
    if (!isInteger(call.type) || call.args.some(arg => !isInteger(arg.type))) return undefined
    const made = wholeArithmetic(emitter, op, a, b, rangeOf(call.type))
    return made && withValid(emitter, made, a, b)
  }

// Bounds decide how wide it is computed, and whether a result can be too great for its type.
function wholeArithmetic(emitter: Emitter, op: 'add' | 'sub' | 'mul', a: Value, b: Value, limit: Range | undefined): Value | undefined {
  if (!a.range || !b.range || !limit) return undefined
  const range = combine(op, a.range, b.range)
  const bothNarrow = a.lane === 'i32' && b.lane === 'i32'
  if (bothNarrow && isWithin(range, int32Range)) return checked(emitter, { lane: 'i32', parts: emitter.binary(`i32x4.${op}`, a.parts, b.parts), range }, limit)
  if (op === 'mul') {
    if (!isWithin(range, int64Range)) return undefined
    if (!bothNarrow) return checked(emitter, { lane: 'i64', parts: emitter.binary('i64x2.mul', emitter.wide(a), emitter.wide(b)), range }, limit)
    const { body } = emitter.fn
    const parts = emitter.each(4, i => body.get(a.parts[i >> 1]!).get(b.parts[i >> 1]!).do(i % 2 === 0 ? 'i64x2.extmul_low_i32x4_s' : 'i64x2.extmul_high_i32x4_s'))
    return checked(emitter, { lane: 'i64', parts, range }, limit)
  }
  const [x, y] = [emitter.wide(a), emitter.wide(b)]
  const parts = emitter.binary(`i64x2.${op}`, x, y)
  if (isWithin(range, int64Range)) return checked(emitter, { lane: 'i64', parts, range }, limit)
  // It overflowed where the result's sign is neither side's (of a difference: not that of the left side, where the sides' differ).
  const { body } = emitter.fn
  const signs = emitter.each(4, i => {
    body.get(x[i]!).get(parts[i]!).do('v128.xor').get(y[i]!).get(op === 'add' ? parts[i]! : x[i]!).do('v128.xor').do('v128.and')
  })
  emitter.note(emitter.binary('i64x2.lt_s', signs, emitter.whole('i64', 0n)))
  return checked(emitter, { lane: 'i64', parts, range: int64Range }, limit)
}

// Notes numbers beyond the limit.
function checked(emitter: Emitter, value: Value, limit: Range): Value {
  const { range, lane, parts } = value
  if (!range || isWithin(range, limit)) return value
  const shape = lane === 'i32' ? 'i32x4' : 'i64x2'
  if (range.most > limit.most) emitter.note(emitter.binary(`${shape}.gt_s`, parts, emitter.whole(lane as 'i32', limit.most)))
  if (range.least < limit.least) emitter.note(emitter.binary(`${shape}.lt_s`, parts, emitter.whole(lane as 'i32', limit.least)))
  return { ...value, range: { least: range.least > limit.least ? range.least : limit.least, most: range.most < limit.most ? range.most : limit.most } }
}

// A decimal with more digits behind the point.
function scaled(emitter: Emitter, value: Value, digits: number): Value | undefined {
  if (digits === 0) return value
  const factor = 10n ** BigInt(digits)
  if (digits < 0 || factor > int64Range.most) return undefined
  const lane = isWithin({ least: factor, most: factor }, int32Range) ? 'i32' : 'i64'
  const by: Value = { lane, parts: emitter.whole(lane, factor), range: { least: factor, most: factor } }
  const made = wholeArithmetic(emitter, 'mul', value, by, int64Range)
  return made && (value.valid ? { ...made, valid: value.valid } : made)
}

const divide: Compile = (compiler, call) => {
  const args = compiler.all(call.args)
  if (!args || call.type.kind !== 'float64' || args.some(arg => arg.lane !== 'f64')) return undefined
  return withValid(compiler.emitter, { lane: 'f64', parts: compiler.emitter.binary('f64x2.div', args[0]!.parts, args[1]!.parts) }, ...args)
}

const negate: Compile = (compiler, call) => {
  const [a] = compiler.all(call.args) ?? []
  const { emitter } = compiler
  if (a?.lane === 'f64') return call.type.kind === 'float64' ? { ...a, parts: emitter.unary('f64x2.neg', a.parts) } : undefined
  if (!a || (call.type.kind !== 'decimal' && !isInteger(call.type))) return undefined
  const zero: Value = { lane: 'i32', parts: emitter.whole('i32', 0n), range: { least: 0n, most: 0n } }
  const made = wholeArithmetic(emitter, 'sub', zero, a, rangeOf(call.type))
  return made && withValid(emitter, made, a)
}

const absolute: Compile = (compiler, call) => {
  const [a] = compiler.all(call.args) ?? []
  return a?.lane === 'f64' && call.type.kind === 'float64' ? { ...a, parts: compiler.emitter.unary('f64x2.abs', a.parts) } : undefined
}

const cast: Compile = (compiler, call) => {
  const [a] = compiler.all(call.args) ?? []
  const from = call.args[0]!.type
  const to = parseType(String(call.options['to']), 'cast').type
  if (!a) return undefined
  const { emitter } = compiler
  if (to.kind === 'float64' && (isFloat(from) || isInteger(from))) {
    const parts = emitter.asFloat(a)
    return parts && { lane: 'f64', parts, ...(a.valid && { valid: a.valid }) }
  }
  if (to.kind === 'decimal' && (isInteger(from) || from.kind === 'decimal')) {
    const made = scaled(emitter, a, to.scale - (from.kind === 'decimal' ? from.scale : 0))
    const most = 10n ** BigInt(to.precision) - 1n
    return made && checked(emitter, made, { least: -most, most })
  }
  const limit = rangeOf(to)
  return isInteger(from) && isInteger(to) && limit ? checked(emitter, a, limit) : undefined
}

const comparisons = { eq: 'eq', ne: 'ne', lt: 'lt', le: 'le', gt: 'gt', ge: 'ge' } as const

const comparison =
  (op: keyof typeof comparisons): Compile =>
  (compiler, { args: [left, right] }) =>
    compare(compiler, op, left!, right!)

function compare(compiler: ExpressionCompiler, op: keyof typeof comparisons, left: Bound, right: Bound): Value | undefined {
  if (left.type.kind === 'utf8') return compareTexts(compiler, op, left, right)
  if (!isComparable(left.type, right.type)) return undefined
  const args = compiler.all([left, right])
  if (!args) return undefined
  const { emitter } = compiler
  const [a, b] = args as [Value, Value]
  if (a.lane === 'mask' || b.lane === 'mask') return undefined
  const made = (instruction: Instruction, x: readonly number[], y: readonly number[]) => withValid(emitter, { lane: 'mask', parts: emitter.binary(instruction, x, y) }, a, b)
  if (a.lane === 'f64' || b.lane === 'f64') {
    const [x, y] = [emitter.asFloat(a), emitter.asFloat(b)]
    return x && y && made(`f64x2.${op}`, x, y)
  }
  const scales = [left.type, right.type].map(type => (type.kind === 'decimal' ? type.scale : 0))
  const [x, y] = [a, b].map((value, i) => scaled(emitter, value, Math.max(...scales) - scales[i]!))
  if (!x || !y) return undefined
  const signed = op === 'eq' || op === 'ne' ? op : (`${op}_s` as const)
  if (x.short && y.short) return made(`i16x8.${signed}`, x.short(), y.short())
  return x.lane === 'i32' && y.lane === 'i32' ? made(`i32x4.${signed}`, x.parts, y.parts) : made(`i64x2.${signed}`, emitter.wide(x), emitter.wide(y))
}

// Numbers compare with numbers as what they are; times with those of the same unit.
function isComparable(a: DataType, b: DataType): boolean {
  const isNumber = (type: DataType) => isInteger(type) || isFloat(type) || type.kind === 'decimal'
  if (isNumber(a) && isNumber(b)) return !(a.kind === 'decimal' && isFloat(b)) && !(b.kind === 'decimal' && isFloat(a))
  if (a.kind !== b.kind) return false
  return a.kind === 'date' || ('unit' in a && 'unit' in b && a.unit === b.unit)
}

// A column of texts with codes beside a literal: the codes are compared.
function compareTexts(compiler: ExpressionCompiler, op: keyof typeof comparisons, left: Bound, right: Bound): Value | undefined {
  const [column, literal] = left.kind === 'column' ? [left, right] : [right, left]
  if ((op !== 'eq' && op !== 'ne') || column.kind !== 'column' || literal.kind !== 'constant' || typeof literal.constant.value !== 'string') return undefined
  const codes = compiler.columns.loadCodes(column.index)
  if (!codes) return undefined
  const parts = compiler.emitter.binary(`i32x4.${op}`, codes.parts, compiler.columns.code(column.index, literal.constant.value))
  return withValid(compiler.emitter, { lane: 'mask', parts }, codes)
}

const between: Compile = (compiler, { args: [x, low, high] }) => {
  const [a, b] = [compare(compiler, 'ge', x!, low!), compare(compiler, 'le', x!, high!)]
  return a && b && conjunction(compiler.emitter, a, b)
}

const isIn: Compile = (compiler, { args: [x, ...members] }) => {
  if (members.length > 16 || members.length === 0) return undefined
  const tests = members.map(member => compare(compiler, 'eq', x!, member))
  return tests.reduce((a, b) => a && b && disjunction(compiler.emitter, a, b))
}

// The rows where a condition is true: a null isn't.
function truth(emitter: Emitter, { parts, valid }: Value): readonly number[] {
  return emitter.both(parts, valid)!
}

function inverted(emitter: Emitter, parts: readonly number[]): readonly number[] {
  return emitter.unary('v128.not', parts)
}

function union(emitter: Emitter, a: readonly number[], b: readonly number[]): readonly number[] {
  const count = Math.min(a.length, b.length)
  return emitter.binary('v128.or', emitter.asMask(a, count), emitter.asMask(b, count))
}

function conjunction(emitter: Emitter, a: Value, b: Value): Value {
  const parts = emitter.both(truth(emitter, a), truth(emitter, b))!
  if (!a.valid && !b.valid) return { lane: 'mask', parts }
  // Known where it is true, or where either side is known to be false.
  const isFalse = [a, b].map(side => truth(emitter, { ...side, parts: inverted(emitter, side.parts) }))
  return { lane: 'mask', parts, valid: union(emitter, parts, union(emitter, isFalse[0]!, isFalse[1]!)) }
}

function negation(emitter: Emitter, a: Value): Value {
  return { ...a, parts: inverted(emitter, a.parts) }
}

function disjunction(emitter: Emitter, a: Value, b: Value): Value {
  return negation(emitter, conjunction(emitter, negation(emitter, a), negation(emitter, b)))
}

const logical =
  (combineBoth: (emitter: Emitter, a: Value, b: Value) => Value): Compile =>
  (compiler, call) => {
    const args = compiler.all(call.args)
    return args && combineBoth(compiler.emitter, args[0]!, args[1]!)
  }

const nullTest =
  (isNull: boolean): Compile =>
  (compiler, { args: [arg] }) => {
    const value = arg!.kind === 'column' && arg!.type.kind === 'utf8' ? compiler.columns.loadCodes(arg!.index) : compiler.compile(arg!)
    if (!value) return undefined
    const { emitter } = compiler
    if (!value.valid) return { lane: 'mask', parts: emitter.mask(!isNull) }
    return { lane: 'mask', parts: isNull ? inverted(emitter, value.valid) : value.valid }
  }

const truthTest =
  (test: (emitter: Emitter, value: Value) => readonly number[]): Compile =>
  (compiler, call) => {
    const [value] = compiler.all(call.args) ?? []
    return value && { lane: 'mask', parts: test(compiler.emitter, value) }
  }

// `a` where the mask is true, else `b`.
function choose(emitter: Emitter, mask: readonly number[], a: Value, b: Value): Value | undefined {
  const lane = a.lane === b.lane ? a.lane : [a.lane, b.lane].every(l => l === 'i32' || l === 'i64') ? 'i64' : undefined
  if (!lane) return undefined
  const align = (value: Value) => (lane === 'i64' ? emitter.wide(value) : lane === 'mask' ? emitter.asMask(value.parts, 2) : value.parts)
  const parts = emitter.select(mask, align(a), align(b))
  const range = a.range && b.range && hull(a.range, b.range)
  const valids = [a, b].map(value => (value.valid ? emitter.asMask(value.valid, 2) : emitter.mask(true)))
  const valid = a.valid || b.valid ? emitter.select(mask, valids[0]!, valids[1]!) : undefined
  return { lane, parts, ...(range && { range }), ...(valid && { valid }) }
}

const when: Compile = (compiler, { args }) => {
  const values = compiler.all(args)
  if (!values) return undefined
  let result: Value | undefined = values.at(-1)
  for (let i = values.length - 3; i >= 0 && result; i -= 2) result = choose(compiler.emitter, truth(compiler.emitter, values[i]!), values[i + 1]!, result)
  return result
}

const coalesce: Compile = (compiler, { args }) => {
  const values = compiler.all(args)
  return values?.reduceRight<Value | undefined>((rest, value) => (rest && value.valid ? choose(compiler.emitter, value.valid, value, rest) : rest && value), values.at(-1))
}

const functions: Record<string, Compile> = {
  add: arithmetic('add'),
  sub: arithmetic('sub'),
  mul: arithmetic('mul'),
  div: divide,
  neg: negate,
  abs: absolute,
  cast,
  eq: comparison('eq'),
  ne: comparison('ne'),
  lt: comparison('lt'),
  le: comparison('le'),
  gt: comparison('gt'),
  ge: comparison('ge'),
  between,
  isIn,
  and: logical(conjunction),
  or: logical(disjunction),
  not: (compiler, call) => {
    const [value] = compiler.all(call.args) ?? []
    return value && negation(compiler.emitter, value)
  },
  isNull: nullTest(true),
  isNotNull: nullTest(false),
  isTrue: truthTest(truth),
  isNotTrue: truthTest((emitter, value) => inverted(emitter, truth(emitter, value))),
  isFalse: truthTest((emitter, value) => truth(emitter, negation(emitter, value))),
  isNotFalse: truthTest((emitter, value) => inverted(emitter, truth(emitter, negation(emitter, value)))),
  when,
  coalesce,
}
