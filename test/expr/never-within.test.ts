import { expect, test } from 'vitest'
import { parseSchema } from '../../src/batch/schema.ts'
import type { ValueBounds } from '../../src/batch/value-bounds.ts'
import { bindCondition } from '../../src/expr/bind.ts'
import { neverWithin } from '../../src/expr/never-within.ts'
import { parseExpression } from '../../src/expr/parse.ts'

const fields = parseSchema({ n: 'int64?', f: 'float64', price: 'decimal(12, 2)', t: 'timestamp[us]', d: 'date', s: 'utf8', flag: 'bool', none: 'int32?', open: 'int32', a: 'struct<b: int64?, c: struct<d: utf8, gone: int32?>?, e: int32>?' }, 'test')
const bounds: Record<string, ValueBounds> = {
  n: { least: 10n, greatest: 2n ** 60n, nulls: 'none' },
  f: { least: 0.5, greatest: 2.5 },
  price: { least: 100n, greatest: 999n },
  t: { least: 1_000_000n, greatest: 2_000_000n },
  d: { least: 0, greatest: 31 },
  s: { least: new TextEncoder().encode('b'), greatest: 'm\u{ff5e}' },
  flag: { least: false, greatest: false },
  none: { nulls: 'all' },
  a: { members: { b: { least: 5n, greatest: 7n }, c: { members: { d: { least: 'k', greatest: 'l' }, gone: { nulls: 'all' } } } } },
}
const never = (text: string) => neverWithin([bindCondition(parseExpression(text, 'test'), fields, 'test')], column => bounds[fields[column]!.name])

test.each([
  'n < 10', 'n = 9', '9 > n', 'n between 1 and 9', 'n in (1, 2)', 'n is null', 'f > 2.5', 'f >= 3', 'f = 0.25', 'f > 2 and n < 0', 'f > 3 or n < 0', 'price < 1', 'price >= 9.995', 't > timestamp \'1970-01-01T00:00:02Z\'', 'd > date \'1970-02-01\'',
  's < \'b\'', 's > \'m\u{1f600}\'', 's in (\'a\', \'z\')', 'flag', 'flag = true', 'none > 0', 'none is not null', 'n = null', 'false',
  'a.b < 5', '8 <= a.b', 'a.b in (1, 2)', 'a.b between 8 and 9', 'a.c.d > \'m\'', 'a.c.gone = 1', 'a.c.gone is not null', 'a.b > 7 and a.e = 1', 'a.e = 1 and a.b > 7', 'a.b > 7 or n < 0',
])('%s: for no row', text => expect(never(text)).toBe(true))

test.each([
  'n >= 10', 'n > 1000000000000000000', 'n in (1, 12)', 'n is not null', 'f <= 0.5', 'f <> 1', 'f > 3 or n > 20', 'price <= 1', 'price > 9.98', 't >= timestamp \'1970-01-01T00:00:02Z\'', 'd <= date \'1970-01-01\'', 's >= \'b\'', 's = \'m\'', 'flag = false', 'not flag',
  'none is null', 'open = 1', 'open > 1 or n < 0', 'n + 1 < 0', 'n % open = 1 and n < 0',
  'a.b <= 5', 'a.b is null', 'a.b = 6', 'a.e = 1', 'a.c.d = \'k\'', 'a.c.gone is null', 'a is null', 'a.c is null', 'a.b > 7 or a.e = 1', 'a.b + 1 > 100',
])('%s: it may be', text => expect(never(text)).toBe(false))
