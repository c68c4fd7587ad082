// Random expressions over a random schema, each with what it means: a plain function of a row, written with JavaScript's own operators. Values are chosen so
// that everything is exact: floats are small multiples of a power of two, integers are far from their ends.
import type { Random } from '../../src/base/random.ts'
import { binary, coalesced, columnSample, comparisons, conditional, literalSample, type Sample, unary } from './random-samples.ts'
import { convertedTo, partOf } from './random-type-expressions.ts'
import { type Cell, type Columns, compareCells, isOrdered, keyText, type Kind, kinds, otherKinds, pick } from './random-types.ts'

const named = (columns: Columns, kind: Kind) => Object.keys(columns).filter(name => columns[name]!.kind === kind && !columns[name]!.isNear)
const othersIn = (columns: Columns) => otherKinds.filter(kind => named(columns, kind).length > 0)

/** An expression of a kind over the columns. */
export function sampleExpression(random: Random, columns: Columns, kind: Kind, depth: number): Sample {
  const names = named(columns, kind)
  if (depth === 0 || random.int(4) === 0) return names.length > 0 && random.int(5) > 0 ? columnSample(columns, pick(random, names)) : literalSample(random, kind)
  const inner = (k: Kind) => sampleExpression(random, columns, k, depth - 1)
  if (random.int(5) === 0) return conditional(inner('bool'), inner(kind), inner(kind))
  if (random.int(6) === 0) return coalesced(inner(kind), inner(kind))
  const others = othersIn(columns)
  if (others.length > 0 && random.int(3) === 0) {
    const part = partOf(random, kind, inner(pick(random, others)))
    if (part) return part
  }
  switch (kind) {
    case 'int32':
    case 'int64':
    case 'float64':
      return arithmetic(random, inner(kind), inner(kind))
    case 'utf8':
      return textOf(random, inner('utf8'), inner('utf8'))
    case 'bool':
      return condition(random, columns, depth)
    case 'timestamp[ms]':
      return unary(inner(kind), 'truncate', e => e.truncate('day'), v => Math.floor((v as number) / 86_400_000) * 86_400_000)
    default:
      return convertedTo(kind, inner) ?? coalesced(inner(kind), inner(kind))
  }
}

function arithmetic(random: Random, a: Sample, b: Sample): Sample {
  switch (random.int(5)) {
    case 0:
      return binary(a, b, '+', (x, y) => x.add(y), (x, y) => x + y, a.kind)
    case 1:
      return binary(a, b, '-', (x, y) => x.sub(y), (x, y) => x - y, a.kind)
    case 2:
      if (a.kind === 'float64') return binary(a, b, '*', (x, y) => x.mul(0.5).add(y), (x, y) => x * 0.5 + y, a.kind)
      return unary(a, 'neg', e => e.neg(), v => (typeof v === 'bigint' ? -v : 0 - (v as number)), a.kind)
    case 3:
      return leastOf(a, b)
    default:
      return unary(a, 'abs', e => e.abs(), v => (typeof v === 'bigint' ? (v < 0n ? -v : v) : Math.abs(v as number)), a.kind)
  }
}

// Nulls don't count.
function leastOf(a: Sample, b: Sample): Sample {
  const least = (x: Cell, y: Cell) => (x === null ? y : y === null || compareCells(a.kind, x, y) <= 0 ? x : y)
  return { text: `least(${a.text}, ${b.text})`, expr: a.expr.least(b.expr), kind: a.kind, nullable: a.nullable && b.nullable, value: row => least(a.value(row), b.value(row)) }
}

function textOf(random: Random, a: Sample, b: Sample): Sample {
  switch (random.int(4)) {
    case 0:
      return binary(a, b, '||', (x, y) => x.concat(y), (x, y) => x + y, 'utf8')
    case 1:
      return unary(a, 'upper', e => e.upper(), v => (v as string).toUpperCase())
    case 2:
      return unary(a, 'lower', e => e.lower(), v => (v as string).toLowerCase())
    default:
      return unary(a, 'substring', e => e.substring(1, 4), v => [...(v as string)].slice(1, 4).join(''))
  }
}

function condition(random: Random, columns: Columns, depth: number): Sample {
  const inner = (kind: Kind) => sampleExpression(random, columns, kind, depth - 1)
  const kind = pick(random, [...kinds, ...othersIn(columns)])
  switch (random.int(8)) {
    case 0:
      return connected(random, inner('bool'), inner('bool'))
    case 1:
      return unary(inner('bool'), 'not', e => e.not(), v => !v)
    case 2: {
      const a = inner(kind)
      return { text: `(${a.text} is null)`, expr: a.expr.isNull(), kind: 'bool', nullable: false, value: row => a.value(row) === null }
    }
    case 3:
      return binary(inner('utf8'), inner('utf8'), 'startsWith', (x, y) => x.startsWith(y), (x, y) => x.startsWith(y), 'bool')
    case 4: {
      const [k, some] = [pick(random, ['int32', 'utf8', 'int64'] as const), Array.from({ length: 1 + random.int(6) }, () => null)]
      const values = some.map(() => literalSample(random, k).value({}))
      return unary(inner(k), `isIn ${values.map(keyText)}`, e => e.isIn(values), v => values.includes(v), 'bool')
    }
    default:
      return comparison(random, isOrdered(kind) ? kind : pick(random, kinds), inner)
  }
}

function connected(random: Random, a: Sample, b: Sample): Sample {
  const isAnd = random.int(2) === 0
  const settles = !isAnd
  return {
    text: `(${a.text} ${isAnd ? 'and' : 'or'} ${b.text})`,
    expr: isAnd ? a.expr.and(b.expr) : a.expr.or(b.expr),
    kind: 'bool',
    nullable: a.nullable || b.nullable,
    value: row => {
      const [x, y] = [a.value(row), b.value(row)]
      return x === settles || y === settles ? settles : x === null || y === null ? null : !settles
    },
  }
}

// Numbers as IEEE has it: NaN equals nothing. All else in its order.
function comparison(random: Random, kind: Kind, inner: (kind: Kind) => Sample): Sample {
  const [symbol, method, holds] = pick(random, comparisons)
  const compare = (x: any, y: any) => (typeof x === 'number' || typeof x === 'boolean' ? holds(x, y) : holds(compareCells(kind, x, y), 0))
  return binary(inner(kind), inner(kind), symbol, (x, y) => x[method](y), compare, 'bool')
}
