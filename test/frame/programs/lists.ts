// Jobs over lists, structs and maps that must compile, with the types that each step has. Compiled by types.test.ts and by npm run typecheck; never run.
import { col } from '../../../src/frame/expr.ts'
import type { Frame, SchemaOf } from '../../../src/frame/frame-type.ts'
import { list } from '../../../src/frame/make.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Flat<T> = { [K in keyof T]: T[K] } & {}
const schemaIs =
  <S>() =>
  <F>(_: F, __: Equal<Flat<SchemaOf<F>>, Flat<S>>) => {}

declare const rows: Frame<{
  l: 'list<int32?>?'
  f: 'list<float64, 2>'
  t: 'struct<id: int64, at: timestamp[ms, Europe/Berlin], inner: struct<x: utf8?>>?'
  m: 'map<utf8, decimal(9, 2)?>'
  n: 'int32'
}>

schemaIs<{
  a: 'int32?'
  b: 'list<float64>'
  c: 'list<utf8?>?'
  d: 'list<int32?>?'
  e: 'bool?'
  f: 'int64?'
  g: 'utf8?'
  h: 'timestamp[ms, Europe/Berlin]?'
  i: 'list<utf8>'
  j: 'decimal(9, 2)?'
  k: 'int32?'
  l: 'list<int32?>?'
  m: 'list<int32>'
}>()(
  rows.select({
    a: col('l').element(0),
    b: col('f').slice(1),
    c: col('l').transform(x => x.cast('utf8')),
    d: col('l').filter(x => x.gt(1)),
    e: col('l').anyMatch((x, place) => x.eq(place)),
    f: col('t').field('id'),
    g: col('t').field('inner').field('x'),
    h: col('t').field('at'),
    i: col('m').keys(),
    j: col('m').get('a'),
    k: col('l').length(),
    l: col('l').concat(col('l')),
    m: list(col('n'), col('n')),
  }),
  true,
)

