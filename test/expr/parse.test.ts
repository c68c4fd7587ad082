import { describe, expect, it } from 'vitest'
import { PlanError } from '../../src/base/errors.ts'
import { type Random, random } from '../../src/base/random.ts'
import { describeExpression } from '../../src/expr/describe.ts'
import { callExpression, columnExpression, type Expression, literalExpression, typedLiteral } from '../../src/expr/expression.ts'
import { expressionFunctions } from '../../src/expr/functions/catalogue.ts'
import { parseExpression } from '../../src/expr/parse.ts'
import { col, type ColumnExpr, lit, when } from '../../src/frame/expr.ts'

const parse = (text: string) => parseExpression(text, 'filter')
const message = (text: string) => {
  try {
    parse(text)
  } catch (error) {
    expect(error).toBeInstanceOf(PlanError)
    return `${(error as PlanError).code} ${(error as PlanError).message}`
  }
  return 'no error'
}
type Any = ColumnExpr<any, any>

describe('the text form of an expression', () => {
  it.each<[string, { expression: Expression }]>([
    ["price > 10 and state = 'CA'", col('price').gt(10).and(col('state').eq('CA') as Any)],
    ['a + b * c - d', col('a').add(col('b').mul(col('c'))).sub(col('d'))],
    ['a - (b - c)', col('a').sub(col('b').sub(col('c')))],
    ['a div 2 % 3 / 4', col('a').intDiv(2).mod(3).div(4)],
    ['not a or b and not c', col('a').not().or(col('b').and(col('c').not()))],
    ['-a * -2', col('a').neg().mul(-2)],
    ['-(2)', lit(2).neg()],
    ["first || ' ' || last", col('first').concat(' ').concat(col('last'))],
    ['a <> 1 or a != 1 or a == 1', col('a').ne(1).or(col('a').ne(1)).or(col('a').eq(1))],
    ['x is null and y is not null', col('x').isNull().and(col('y').isNotNull())],
    ['x is true or x is not false', col('x').isTrue().or(col('x').isNotFalse())],
    ['a is not distinct from b', col('a').eqNullSafe(col('b'))],
    ['x between 1 and 2 + 3 and y', col('x').between(1, lit(2).add(3)).and(col('y'))],
    ["s not in ('a', 'it''s')", col('s').isIn(['a', "it's"]).not()],
    ['n in [1, 2]', col('n').isIn([1, 2])],
    ["s like 'a%' and s not ilike '%b'", col('s').like('a%').and(col('s').ilike('%b').not())],
    ["s like '50!%' escape '!'", { expression: callExpression('like', [columnExpression('s'), literalExpression('50!%')], { escape: '!' }) }],
    ['case when x > 1 then 1 when y then 2 else 3 end', when(col('x').gt(1)).then(1).when(col('y')).then(2).otherwise(3)],
    ["case x when 1 then 'a' end", when(col('x').eq(1)).then('a') as never],
    ['cast(x as decimal(12, 2)) + y::list<int64?>::utf8', col('x').cast('decimal(12, 2)').add(col('y').cast('list<int64?>' as 'utf8').cast('utf8'))],
    ['try_cast(x as int32)', col('x').tryCast('int32')],
    ['LOWER(s) = starts_with(t, s)', col('s').lower().eq(col('t').startsWith(col('s')) as never)],
    ['round(x, 2) + round(x, digits => 1, rounding => half_even)', { expression: callExpression('add', [callExpression('round', [columnExpression('x')], { digits: 2 }), callExpression('round', [columnExpression('x')], { digits: 1, rounding: 'half_even' })]) }],
    ["truncate(at, day) >= 2024-01-01T00:00Z", col('at').truncate('day').ge(new Date('2024-01-01T00:00Z'))],
    ["at > timestamp '2024-01-01'", col('at').gt(new Date('2024-01-01'))],
    ['"two words" = "a""b"', col('two words').eq(col('a"b'))],
    ['"and" and or_ and not_null', col('and').and(col('or_')).and(col('not_null'))],
    ['12345678901234567890 + 5n + 1.5e3 + .5', lit(12345678901234567890n).add(5n).add(1500).add(0.5)],
    ['x = NaN or x = -Infinity or x = -0.0', col('x').eq(Number.NaN).or(col('x').eq(Number.NEGATIVE_INFINITY)).or(col('x').eq(-0))],
    ['true and null', lit(true).and(lit(null) as Any)],
    ['a.b > 1 -- a comment\n and "a.b"."c d"', { expression: callExpression('and', [callExpression('gt', [callExpression('field', [columnExpression('a')], { name: 'b' }), literalExpression(1)]), callExpression('field', [columnExpression('a.b')], { name: 'c d' })]) }],
    ['[1, x].length', { expression: callExpression('field', [callExpression('list', [literalExpression(1), columnExpression('x')])], { name: 'length' }) }],
    ['{a: 1, "b c": x}', { expression: callExpression('struct', [literalExpression(1), columnExpression('x')], { names: ['a', 'b c'] }) }],
    ['transform(l, x -> transform(m, (y, i) -> x + y * i))', { expression: callExpression('transform', [columnExpression('l'), callExpression('transform', [columnExpression('m'), callExpression('add', [columnExpression('$$x'), callExpression('mul', [columnExpression('$$y'), columnExpression('$$i')])])], { variables: ['$$y', '$$i'] })], { variables: ['$$x', '$$xx'] }) }],
    ['date > 1 and list < 2 and map > 3', col('date').gt(1).and(col('list').lt(2)).and(col('map').gt(3))],
    ['größe > 1', col('größe').gt(1)],
  ])('gives the tree of the methods: %s', (text, { expression }) => {
    expect(parse(text)).toEqual(expression)
  })

  it('has literals that say their types', () => {
    expect(parse("date '2024-02-29'")).toEqual(typedLiteral('date', '2024-02-29'))
    expect(parse("decimal '0.050'")).toEqual(typedLiteral('decimal(3, 3)', '0.050'))
    expect(parse("decimal(9, 2) '5'")).toEqual(typedLiteral('decimal(9, 2)', '5'))
    expect(parse("interval 'P1M'")).toEqual(typedLiteral('interval', 'P1M'))
    expect(parse("time '10:00:00.000001'")).toEqual(typedLiteral('time[us]', '10:00:00.000001'))
    expect(parse("timestamp '2024-01-01T00:00:00.000000001Z'")).toEqual(typedLiteral('timestamp[ns]', '2024-01-01T00:00:00.000000001Z'))
    expect(parse("timestamp[ms, Europe/Berlin] '2024-01-01'")).toEqual(typedLiteral('timestamp[ms, Europe/Berlin]', '2024-01-01'))
  })

  it('names the place and what is wrong', () => {
    expect(message('price > ')).toBe('EXPRESSION filter, at character 9: the expression ends where a column, a literal, a function or a bracket is wanted')
    expect(message('a > 1 and lowr(s)')).toBe('EXPRESSION filter, at character 11: no function "lowr" in expressions; did you mean "lower"?')
    expect(message('a b')).toBe('EXPRESSION filter, at character 3: "b" stands here where an operator, or the end is wanted')
    expect(message("s = 'open")).toBe('EXPRESSION filter, at character 5: the string that begins here has no end; close it with \'')
    expect(message('a = "open')).toContain('the name that begins here has no end')
    expect(message('a ? 1')).toContain('character 3: "?" stands here')
    expect(message('a @ 1')).toContain('character 3: "@" is nothing that an expression has')
    expect(message('(a + 1')).toContain('the expression ends where ) is wanted')
    expect(message('a in 5')).toContain('where a list such as (1, 2) is wanted')
    expect(message('a between 1 or 2')).toContain('"or" stands here where and is wanted')
    expect(message('a is 5')).toContain('where null, true, false or distinct from is wanted')
    expect(message('a not 5')).toContain('where in, between, like or ilike is wanted')
    expect(message('case 1 end')).toContain('where when is wanted')
    expect(message('cast(a as int46)')).toContain('did you mean "int')
    expect(message('a::')).toContain('where a type such as int64 is wanted')
    expect(message('round(x, digits => y + 1)')).toContain('an option is a number, a string, a word, true or false')
    expect(message('1abc')).toContain('is nothing that an expression has')
    expect(message('1.5n')).toContain('1.5n is no whole number')
    expect(message("decimal 'x'")).toContain("'x' is no decimal")
    expect(message('and')).toContain('"and" stands here where a value is wanted')
    expect(message('')).toContain('character 1: the expression ends')
  })

  it('bounds what hostile texts cost', () => {
    expect(message('('.repeat(100_000))).toContain('nests deeper than 200')
    expect(message('- '.repeat(100_000))).toContain('nests deeper than 200')
    expect(message('not '.repeat(100_000))).toContain('nests deeper than 200')
    expect(message(`a${' + a'.repeat(100_000)}`)).toContain('more than 2000 operations')
    expect(message('x'.repeat(1_000_001))).toContain('1000000 is the most')
    expect(message(`${'case '.repeat(1_000)}`)).toContain('nests deeper')
    expect(message(`list${'<'.repeat(10_000)} 'x'`)).not.toBe('no error')
  })
})

const pieces = ['a', 'b', '"q"', "'s'", '1', '2.5', '3n', '(', ')', '[', ']', '{', '}', ',', '.', ':', '::', '=>', '->', '=', '<', '>', '||', '+', '-', '*', '/', '%', 'and', 'or', 'not', 'in', 'is', 'null', 'true', 'between', 'like', 'case', 'when', 'then', 'else', 'end', 'cast', 'as', 'int8', 'decimal', 'date', 'timestamp', 'list', 'round', 'transform', 'x', '2024-13-45T99:99Z', "'", '"', '--', '?', 'NaN', 'Infinity', '1e999', '\n', 'é', '\u0000']

describe('any text', () => {
  it('is an expression or a PlanError', () => {
    const seed = Number(process.env['SEED'] ?? 1)
    let good = 0
    for (let i = 0; i < 20_000; i++) {
      const r = random(seed).fork(i)
      const text = Array.from({ length: 1 + r.int(12) }, () => pieces[r.int(pieces.length)]!).join(r.int(4) ? ' ' : '')
      try {
        const expression = parse(text)
        expect(parse(describeExpression(expression)), `seed ${seed}, text ${i}: ${text}`).toEqual(expression)
        good++
      } catch (error) {
        if (!(error instanceof PlanError)) throw new RangeError(`seed ${seed}, text ${i}, ${JSON.stringify(text)}`, { cause: error })
      }
    }
    expect(good).toBeGreaterThan(500)
  })
})

// ───────────── trees that print as themselves ─────────────
const names = ['a', 'b.c', 'sum', 'two words', 'and', 'NaN', 'quo"te', 'größe', '$hidden', 'date', 'x1', '1st']
const types = ['int8', 'decimal(12, 2)', 'timestamp[ms, Europe/Berlin]', 'list<int64?>', 'utf8', 'struct<a: int64, "b c": utf8?>']
const two = ['add', 'sub', 'mul', 'div', 'intDiv', 'mod', 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'and', 'or', 'eqNullSafe', 'neNullSafe', 'like', 'ilike']
const one = ['neg', 'not', 'isNull', 'isNotNull', 'isTrue', 'isNotTrue', 'isFalse', 'isNotFalse']
const lambdas = ['transform', 'filter', 'anyMatch', 'allMatch', 'reduce']

function literal(r: Random): Expression {
  const numbers = [0, 1, -1, 42, -7.25, 0.1, 1e21, 1.5e-7, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  switch (r.int(7)) {
    case 0:
      return literalExpression(numbers[r.int(numbers.length)])
    case 1:
      return literalExpression([5n, -5n, 2n ** 63n, -(2n ** 63n), 10n ** 30n][r.int(5)])
    case 2:
      return literalExpression(['', 'x', "it's", '"', 'a -- b', 'é\n'][r.int(6)])
    case 3:
      return literalExpression([true, false, null][r.int(3)])
    case 4:
      return literalExpression(new Date([0, -1, 1_700_000_000_123, 8.64e15, -8.64e15][r.int(5)]!))
    case 5:
      return typedLiteral(types[r.int(types.length)]!, ["it's", '12.5', ''][r.int(3)]!)
    default:
      return literalExpression(r.int(1000) - 500)
  }
}

function tree(r: Random, depth: number): Expression {
  if (depth === 0 || r.int(6) === 0) return r.int(2) ? literal(r) : columnExpression(names[r.int(names.length)]!)
  const sub = () => tree(r, depth - 1)
  const fn = expressionFunctions[r.int(expressionFunctions.length)]!
  const { name, byPosition } = fn
  if (lambdas.includes(name)) {
    const variables = [['$$p', '$$pp'], ['$$q', '$$n']][r.int(2)]!
    const body = callExpression('add', [columnExpression(variables[r.int(2)]!), sub()])
    return callExpression(name, name === 'reduce' ? [sub(), sub(), body] : [sub(), body], { variables })
  }
  if (name === 'struct') return callExpression(name, [sub(), sub()], { names: ['a', names[r.int(names.length)]!] })
  if (name === 'field') return callExpression(name, [sub()], { name: names[r.int(names.length)]! })
  if (name === 'when') return callExpression(name, [sub(), sub(), ...(r.int(2) ? [sub(), sub()] : []), sub()])
  if (name === 'between') return callExpression(name, [sub(), sub(), sub()])
  if (name === 'isIn') return callExpression(name, [sub(), ...Array.from({ length: r.int(3) }, () => literal(r))])
  if (name === 'cast' || name === 'tryCast') return callExpression(name, [sub()], { to: types[r.int(types.length)]! })
  if (name === 'sort') return callExpression(name, [sub()])
  const count = two.includes(name) ? 2 : one.includes(name) ? 1 : byPosition ? byPosition.operands : 1 + r.int(3)
  const options: Record<string, string | number | boolean> = {}
  for (const option of byPosition?.options ?? []) if (r.int(2)) options[option] = name === 'truncate' || name === 'dateDiff' ? 'day' : [1, -2, 'a', "it's"][r.int(4)]!
  if ((name === 'truncate' || name === 'dateDiff') && !options['unit']) options['unit'] = 'hour'
  if (!one.slice(1).includes(name) && !['and', 'or'].includes(name) && r.int(4) === 0 && !byPosition) options[name.endsWith('like') ? 'escape' : 'overflow'] = ['wrap', "!'", 'x'][r.int(3)]!
  return callExpression(name, Array.from({ length: count }, sub), Object.keys(options).length > 0 ? options : undefined)
}

describe('a random tree', () => {
  it('prints as a text that gives the same tree', () => {
    const seed = Number(process.env['SEED'] ?? 1)
    for (let i = 0; i < 3_000; i++) {
      const expression = tree(random(seed).fork(i), 1 + (i % 5))
      const text = describeExpression(expression)
      expect(parse(text), `seed ${seed}, tree ${i}: ${text}`).toEqual(expression)
    }
  })
})
