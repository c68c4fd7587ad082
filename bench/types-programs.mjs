// Programs that use one schema of many columns: one with a long chain of calls of every kind over it, one without, to be compared by what they cost the compiler.

const types = ['int32', 'int64', 'float64', 'utf8', 'bool', 'timestamp[ms]', 'decimal(12, 2)', 'float64?', 'utf8?', 'int16']

// Steps of every kind, each of which leaves as many columns as it found or a few more. Round r works on columns that no other round touches.
const steps = [
  r => `.filter(col('c${10 * r}').gt(10).and(col('c${10 * r + 3}').ne('x')))`,
  r => `.with({ a${r}: col('c${10 * r + 2}').mul(2).add(col('c${10 * r}')), b${r}: when(col('c${10 * r + 4}')).then(col('c${10 * r + 1}')).otherwise(0) })`,
  r => `.sort(desc('a${r}'), asc('c${10 * r}'))`,
  r => `.join(codes, { on: 'c0', how: '${['inner', 'left', 'semi', 'full'][r % 4]}', suffix: '_${r}' })`,
  r => `.rename({ c${10 * r + 5}: 'at${r}' })`,
  r => `.filter(c => c.a${r}.gt(c.c${10 * r + 2}))`,
  r => `.with(c => ({ c${10 * r + 3}: c.c${10 * r + 3}.upper(), day${r}: c.at${r}.truncate('day') }))`,
  r => `.fillNull({ c${10 * r + 7}: 0 })`,
  r => `.drop('c${10 * r + 9}')`,
  () => '.limit(1_000_000)',
  r => `.mapColumns(col.ofType('float64'), c => c.mul(${r + 2}))`,
  r => `.select(col.except('b${r}'))`,
]

const end = `
  .groupBy('c0', 'c8')
  .agg({ n: count(), total: sum('a0'), most: max('c2'), middle: mean(col('a0').div(col('c2'))) })
  .sort(desc('total'))`

/** The two programs as text; they import from 'millrace'. At least 20 columns, and calls enough for a first round of steps. */
export function typesPrograms({ columns = 100, calls = 40 } = {}) {
  const schema = Array.from({ length: columns }, (_, i) => `c${i}: '${types[i % types.length]}'`).join(', ')
  const rounds = Math.floor(columns / 10) - 1
  const chain = Array.from({ length: calls - 3 }, (_, i) => `\n  ${steps[i % steps.length](Math.floor(i / steps.length) % rounds)}`).join('')
  const program = result => `import { asc, col, count, desc, from, max, mean, sum, when } from 'millrace'
const wide = from([], { schema: { ${schema} } })
const codes = from([], { schema: { c0: 'int32', label: 'utf8', weight: 'float64' } })
const result = wide${result}
export const rows = result.collect().then(table => table.toArray().map(row => row.total * Number(row.c0)))
`
  return { with: program(chain + end), without: program(".groupBy('c0').agg({ total: sum('c2') })") }
}

/** The compiler's settings for such a program: the package as others get it, by its declarations. */
export function typesConfig(root, file) {
  return {
    extends: `${root}tsconfig.json`,
    files: [file],
    include: [],
    compilerOptions: { rootDir: root, noEmit: true, incremental: false, tsBuildInfoFile: null, types: ['node'], paths: { millrace: [`${root}dist/index.d.ts`] } },
  }
}
