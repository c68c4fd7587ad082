// The rows of two frames beside each other by key, with the engine's own joins and groups: what is only in one of them, what differs in
// which columns, and the first few of each. Memory: the job's; joins and groups go to disk beyond it. Only the rows that are shown become objects.
import type { BatchView } from '../../batch/batch-view.ts'
import type { Field, Fields } from '../../batch/schema.ts'
import { parseType } from '../../batch/type-name.ts'
import type { Value } from '../../batch/value.ts'
import { callExpression, type Expression, literalExpression } from '../../expr/expression.ts'
import type { FrameValue } from '../../frame/frame.ts'
import { Job } from '../../frame/job.ts'
import type { JobOptions } from '../../frame/run.ts'
import { library } from '../inputs.ts'
import { type ColumnPair, column, comparable, differs, differsAs, mayMisfit, misfit, selection } from './column-pairs.ts'

/** How rows are compared. */
export interface CompareOptions {
  readonly keys: readonly ColumnPair[]
  readonly pairs: readonly ColumnPair[]
  readonly tolerance: number | undefined
  /** Rows of each kind that are kept to be shown. */
  readonly limit: number
}

/** Rows that are shown: values in the order of the fields. */
export interface ShownRows {
  readonly fields: Fields
  readonly rows: readonly (readonly Value[])[]
}

/** Keys that several rows of one file have. */
export interface Repeats {
  readonly keys: number
  readonly rows: number
}

/** What was found. Rows are counted as often as they are there. */
export interface Comparison {
  readonly rows: { readonly a: number; readonly b: number }
  readonly repeats: { readonly a: Repeats; readonly b: Repeats }
  readonly onlyA: { readonly count: number; readonly first: ShownRows }
  readonly onlyB: { readonly count: number; readonly first: ShownRows }
  /** `columns`: rows that differ in each of the pairs, by position. `first`: keys, then a and b of every pair, then whether they differ. */
  readonly changed: { readonly count: number; readonly columns: readonly number[]; readonly first: ShownRows }
}

/** Compares by keys, of which there is at least one. `runOptions` are those of a job. */
export async function compareByKey(a: FrameValue, b: FrameValue, options: CompareOptions, runOptions: JobOptions): Promise<Comparison> {
  const sides = [await countSide(a, 'a', options, runOptions), await countSide(b, 'b', options, runOptions)] as const
  const isPlain = sides.every(side => side.repeats.keys === 0)
  const matched = isPlain ? await joined(a, b, options, sides.some(side => side.hasNullKey)) : await grouped(a, b, options)
  const found = await collectDifferences(matched, options, runOptions)
  return { rows: { a: sides[0].rows, b: sides[1].rows }, repeats: { a: sides[0].repeats, b: sides[1].repeats }, ...found }
}

const keyName = (i: number) => `k${i}`
const call = callExpression

// One pass over the keys: how many rows, which keys repeat, whether any is null.
async function countSide(frame: FrameValue, side: 'a' | 'b', { keys }: CompareOptions, runOptions: JobOptions) {
  const { agg, expr } = await library()
  const columns = frame.select(selection(keys.map((key, i) => [keyName(i), comparable(key, side, column(key.name), true)])))
  const anyNull = expr(keys.map((_, i) => `${keyName(i)} is null`).join(' or '))
  const counts = columns.groupBy(...keys.map((_, i) => keyName(i))).agg({ n: agg.count() })
  const table = await counts
    .agg({ rows: agg.sum('n'), keys: agg.count().where(expr('n > 1')), repeated: agg.sum('n').where(expr('n > 1')), nulls: agg.count().where(anyNull) })
    .collect(runOptions)
  const value = (name: string) => Number(table.column(name).get(0) ?? 0)
  return { rows: value('rows'), repeats: { keys: value('keys'), rows: value('repeated') }, hasNullKey: value('nulls') > 0 }
}

// What both ways of matching give: a row a key, with its values in a and b, and how many rows of the key each file has that the other lacks.
interface Matched {
  readonly frame: FrameValue
  readonly differ: readonly Expression[]
}

// Keys that don't repeat meet in a full join. Null keys meet nothing in a join, so where there are any the keys are put into structs, which meet theirs.
async function joined(a: FrameValue, b: FrameValue, { keys, pairs, tolerance }: CompareOptions, hasNullKey: boolean): Promise<Matched> {
  const { expr } = await library()
  const side = (frame: FrameValue, name: 'a' | 'b') => {
    const values = pairs.map((pair, i) => [`${name}${i}`, column(pair.name)] as const)
    const present = [`in_${name}`, literalExpression(true)] as const
    const keyed = keys.map((key, i) => [keyName(i), comparable(key, name, column(key.name), true)] as const)
    if (!hasNullKey) return frame.select(selection([...keyed, ...values, present]))
    const all = call('struct', keyed.map(([, value]) => value), { names: keyed.map(([key]) => key) })
    return frame.select(selection([['key', all], ...values, present]))
  }
  const names = keys.map((_, i) => keyName(i))
  const met = side(a, 'a').join(side(b, 'b'), { on: hasNullKey ? 'key' : names, how: 'full' })
  const frame = met.with({
    ...(hasNullKey && selection(names.map(name => [name, call('field', [column('key')], { name })]))),
    na: expr('case when in_a is null then 0 else 1 end'),
    nb: expr('case when in_b is null then 0 else 1 end'),
    pair: expr('in_a is not null and in_b is not null'),
  })
  return { frame, differ: pairs.map((pair, i) => differs(pair, column(`a${i}`), column(`b${i}`), tolerance)) }
}

// Keys that repeat: equal rows of both files cancel out as often as they are there. Of what is left a key with one row (several times, maybe) on each
// side is a change; where there are more, which belongs to which can't be told, so that they are only in a or only in b.
async function grouped(a: FrameValue, b: FrameValue, { keys, pairs, tolerance }: CompareOptions): Promise<Matched> {
  const { agg, expr } = await library()
  const side = (frame: FrameValue, name: 'a' | 'b') =>
    frame.select(
      selection([
        ...keys.map((key, i) => [keyName(i), comparable(key, name, column(key.name), true)] as const),
        ...pairs.map((pair, i) => [`v${i}`, comparable(pair, name, column(pair.name))] as const),
        ...pairs.flatMap((pair, i) => (mayMisfit(pair) ? [[`u${i}`, misfit(pair, name, column(pair.name))] as const] : [])),
        ['side', literalExpression(name === 'a' ? 1 : -1)],
      ]),
    )
  const names = keys.map((_, i) => keyName(i))
  const values = pairs.flatMap((pair, i) => [`v${i}`, ...(mayMisfit(pair) ? [`u${i}`] : [])])
  const left = side(a, 'a').union(side(b, 'b')).groupBy(...names, ...values).agg({ net: agg.sum('side') }).filter('net <> 0')
  const [inA, inB] = [expr('net > 0'), expr('net < 0')]
  const firsts = values.flatMap(name => [[name.replace('v', 'a').replace('u', 'ua'), agg.first(name).where(inA)], [name.replace('v', 'b').replace('u', 'ub'), agg.first(name).where(inB)]] as const)
  const frame = left
    .groupBy(...names)
    .agg({ ...Object.fromEntries(firsts), sum_a: agg.sum('net').where(inA), sum_b: agg.sum('net').where(inB), kinds_a: agg.count().where(inA), kinds_b: agg.count().where(inB) })
    .with({ na: expr('coalesce(sum_a, 0)'), nb: expr('-coalesce(sum_b, 0)'), pair: expr('kinds_a = 1 and kinds_b = 1') })
  const differ = pairs.map((pair, i) => {
    const plain = differsAs(pair.type, pair.type, column(`a${i}`), column(`b${i}`), tolerance)
    return mayMisfit(pair) ? call('or', [plain, call('neNullSafe', [column(`ua${i}`), column(`ub${i}`)])]) : plain
  })
  return { frame, differ }
}

async function collectDifferences({ frame, differ }: Matched, { keys, pairs, limit }: CompareOptions, runOptions: JobOptions): Promise<Omit<Comparison, 'rows' | 'repeats'>> {
  const { agg, expr } = await library()
  const flags = differ.map((_, i) => `d${i}`)
  const told = frame
    .with({
      ...selection(differ.map((different, i) => [flags[i]!, call('and', [column('pair'), different])])),
      only_a: expr('case when not pair then na when na > nb then na - nb else 0 end'),
      only_b: expr('case when not pair then nb when nb > na then nb - na else 0 end'),
      both: expr('least(na, nb)'),
    })
    .with({ changed: flags.length === 0 ? literalExpression(false) : expr(flags.join(' or ')) })
  const totals = told.agg({
    only_a: agg.sum('only_a'),
    only_b: agg.sum('only_b'),
    changed: agg.sum('both').where(expr('changed')),
    ...Object.fromEntries(flags.map(flag => [flag, agg.sum('both').where(expr(flag))])),
  })
  const names = keys.map((_, i) => keyName(i))
  const isSortable = keys.every(({ type }) => !['list', 'fixedList', 'struct', 'map', 'interval', 'null'].includes(type.kind))
  const shown = (condition: string, ...columns: string[]) => {
    const rows = told.filter(condition).select(...names, ...columns)
    return (isSortable ? rows.sort(...names) : rows).limit(limit)
  }
  const [ofA, ofB] = [pairs.map((_, i) => `a${i}`), pairs.map((_, i) => `b${i}`)]
  const frames = [totals, shown('only_a > 0', ...ofA), shown('only_b > 0', ...ofB), shown('changed', ...ofA, ...ofB, ...flags)]
  const [sums, onlyA, onlyB, changed] = await collectAll(frames, runOptions)
  const count = (i: number) => Number(sums!.rows[0]?.[i] ?? 0)
  return {
    onlyA: { count: count(0), first: onlyA! },
    onlyB: { count: count(1), first: onlyB! },
    changed: { count: count(2), columns: flags.map((_, i) => count(3 + i)), first: changed! },
  }
}

// The rows of several frames, which share their steps, in one run. All of them are small.
async function collectAll(frames: readonly FrameValue[], runOptions: JobOptions): Promise<ShownRows[]> {
  const { sink } = await library()
  const results = frames.map(() => ({ fields: [] as Field[], rows: [] as Value[][] }))
  const jobs = frames.map((frame, i) =>
    frame.to(
      sink({
        name: `rows ${i}`,
        delivery: 'append',
        write(batch) {
          const { fields, rows } = results[i]!
          if (fields.length === 0) fields.push(...fieldsOf(batch))
          const columns = fields.map(field => batch.column(field.name))
          for (let row = 0; row < batch.numRows; row++) rows.push(columns.map(of => of.get(row)))
        },
      }),
    ),
  )
  await new Job(jobs.flatMap(job => job.roots)).run({ name: 'diff', ...runOptions })
  return results
}

function fieldsOf(batch: BatchView): Field[] {
  return batch.columnNames.map(name => ({ name, type: parseType(batch.column(name).type, name).type, nullable: true }))
}
