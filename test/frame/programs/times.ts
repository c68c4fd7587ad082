// Jobs over times and texts that must compile, with the types that each step has. Compiled by types.test.ts and by npm run typecheck; never run.
import { col, lit } from '../../../src/frame/expr.ts'
import type { Frame, SchemaOf } from '../../../src/frame/frame-type.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Flat<T> = { [K in keyof T]: T[K] } & {}
const schemaIs =
  <S>() =>
  <F>(_: F, __: Equal<Flat<SchemaOf<F>>, Flat<S>>) => {}

declare const log: Frame<{ at: 'timestamp[ms]'; seen: 'timestamp[us, Europe/Berlin]?'; day: 'date'; clock: 'time[s]'; wait: 'duration[us]'; step: 'interval?'; text: 'utf8?'; n: 'int32' }>

schemaIs<{
  a: 'timestamp[ms]'
  b: 'timestamp[us, Europe/Berlin]?'
  c: 'date'
  d: 'timestamp[us]?'
  e: 'timestamp[us]'
  f: 'duration[ms]'
  g: 'duration[us]?'
  h: 'time[us]'
  i: 'duration[us]'
  j: 'int32'
  k: 'timestamp[ms]'
  l: 'duration[ms]'
}>()(
  log.select({
    a: col('at').add('P1M'),
    b: col('seen').sub(col('step')),
    c: col('day').add('P1M'),
    d: col('day').add(col('step')),
    e: col('day').add(col('wait')),
    f: col('at').sub(col('day')),
    g: col('at').sub(col('seen')),
    h: col('clock').add(col('wait')),
    i: col('wait').add(col('wait')),
    j: col('n').add(1),
    k: col('at').sub('PT5H'),
    l: col('at').sub('2024-01-01'),
  }),
  true,
)

schemaIs<{
  a: 'int32?'
  b: 'timestamp[ms, America/New_York]'
  c: 'timestamp[us]?'
  d: 'utf8'
  e: 'date?'
  f: 'timestamp[ms]?'
  g: 'int64?'
  h: 'list<utf8>?'
  i: 'utf8?'
  j: 'bool?'
  k: 'utf8?'
  l: 'date?'
}>()(
  log.select({
    a: col('seen').week(),
    b: col('at').toZone('America/New_York'),
    c: col('seen').toLocal(),
    d: col('day').format('%Y'),
    e: col('text').tryParse('%F', 'date'),
    f: col('text').parse('%F %T'),
    g: col('at').dateDiff(col('seen'), 'month'),
    h: col('text').split(','),
    i: col('text').lpad(5, col('text')).left(col('n')),
    j: col('text').regexMatch('a+', { flags: 'i' }),
    k: lit('-').concatWs(col('text'), 'x').regexExtract('(a)', { group: 1 }),
    l: col('n').makeDate(1, col('n')),
  }),
  true,
)
