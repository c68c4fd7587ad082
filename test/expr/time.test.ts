import { afterAll, describe, expect, it } from 'vitest'
import { createDevice } from '../../src/device/device.ts'
import { readTime, piecesOf, type Piece } from '../../src/compute/time-pattern.ts'
import { describeExpression } from '../../src/expr/describe.ts'
import { type ColumnExpr, col, lit, when } from '../../src/frame/expr.ts'
import { type Table, typeOfExpression, valuesOfExpression, valuesOrError } from '../support/expressions.ts'

const device = await createDevice()
const at = (text: string) => Date.parse(text)
const table = {
  t: ['timestamp[ms]?', ['2024-02-29T13:45:30.250Z', '1969-12-31T23:59:59.999Z', null]],
  u: ['timestamp[us]', ['2024-03-31T00:30:00Z', '2024-10-27T00:30:00Z', '2024-10-27T01:30:00Z']],
  z: ['timestamp[s, Europe/Berlin]', ['2024-03-31T00:30:00Z', '2024-10-27T00:30:00Z', '2024-10-27T01:30:00Z']],
  d: ['date?', ['2024-01-31', '0001-01-01', null]],
  c: ['time[ms]', ['00:00:00', '13:45:30.250', '23:59:59.999']],
  p: ['interval', ['P1M', 'P-1Y1D', 'PT90M']],
  s: ['duration[s]', ['PT90S', 'PT-1S', 'PT0S']],
  x: ['utf8', ['29.02.2024 13:45', '31.12.1969 11:59', 'soon']],
  n: ['int32', [2024, 2023, -44]],
} satisfies Table
const values = (e: ColumnExpr<any, any>, over: Table = table) => valuesOfExpression(device, e.expression, over)
const texts = (e: ColumnExpr<any, any>, over: Table = table) => values(e.cast('utf8'), over)
const typeOf = (e: ColumnExpr<any, any>) => typeOfExpression(e.expression, table)
const thrown = (e: ColumnExpr<any, any>, over: Table = table) => valuesOrError(device, e.expression, over)

afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

describe('parts of times', () => {
  it('are those of UTC without a zone, else of its clock', () => {
    expect(values(col('t').hour())).toEqual([13, 23, null])
    expect(values(col('t').millisecond())).toEqual([30_250, 59_999, null])
    expect(values(col('t').nanosecond())).toEqual([30_250_000_000n, 59_999_000_000n, null])
    expect(values(col('t').epoch())).toEqual([1709214330n, -1n, null])
    expect(values(col('z').hour())).toEqual([1, 2, 2])
    expect(values(col('z').epoch())).toEqual([1711845000n, 1729989000n, 1729992600n])
    expect(values(col('d').dayOfYear())).toEqual([31, 1, null])
    expect(values(col('d').week())).toEqual([5, 1, null])
    expect(values(col('c').minute())).toEqual([0, 45, 59])
    expect(values(lit(new Date(Date.UTC(2024, 1, 29))).dayOfYear())).toEqual([60, 60, 60])
    expect(texts(lit(new Date(0)).toZone('Asia/Tokyo'))[0]).toBe('1970-01-01T09:00:00.000+09:00')
    expect(thrown(col('c').year() as never)).toContain('TYPE_MISMATCH test: "c" is time[ms]: year() does not apply')
    expect(thrown(col('d').hour() as never)).toContain('TYPE_MISMATCH test: "d" is date?: hour() does not apply')
  })

  it('are cut off by truncate, in the zone and around its changes', () => {
    expect(texts(col('t').truncate('month'))).toEqual(['2024-02-01T00:00:00.000Z', '1969-12-01T00:00:00.000Z', null])
    expect(texts(col('t').truncate('week'))).toEqual(['2024-02-26T00:00:00.000Z', '1969-12-29T00:00:00.000Z', null])
    expect(texts(col('z').truncate('day'))).toEqual(['2024-03-31T00:00:00+01:00', '2024-10-27T00:00:00+02:00', '2024-10-27T00:00:00+02:00'])
    expect(texts(col('z').truncate('hour'))).toEqual(['2024-03-31T01:00:00+01:00', '2024-10-27T02:00:00+02:00', '2024-10-27T02:00:00+01:00'])
    expect(texts(col('d').truncate('century'))).toEqual(['2000-01-01', '0000-01-01', null])
    expect(values(col('d').truncate('hour'))).toEqual(values(col('d')))
    expect(typeOf(col('d').truncate('year'))).toBe('date?')
  })
})

describe('zones', () => {
  it('say what a clock shows, and when it shows it', () => {
    expect(texts(col('u').toZone('America/New_York'))).toEqual(['2024-03-30T20:30:00.000000-04:00', '2024-10-26T20:30:00.000000-04:00', '2024-10-26T21:30:00.000000-04:00'])
    expect(texts(col('z').toLocal())).toEqual(['2024-03-31T01:30:00Z', '2024-10-27T02:30:00Z', '2024-10-27T02:30:00Z'])
    expect(texts(col('z').toLocal().fromLocal('Europe/Berlin'))).toEqual(['2024-03-31T01:30:00+01:00', '2024-10-27T02:30:00+02:00', '2024-10-27T02:30:00+02:00'])
    // 02:30 is skipped: by the clock before the change it is what the clock after it calls 03:30.
    expect(texts(lit('2024-03-31T02:30:00').cast('timestamp[s]').fromLocal('Europe/Berlin').add(col('s')))[2]).toBe('2024-03-31T03:30:00+02:00')
    expect(thrown(col('z').fromLocal('UTC') as never)).toContain('the timestamp has a zone already; use toZone')
    expect(thrown(col('u').toZone('Mars/Olympus'))).toContain('"Mars/Olympus" is no time zone')
  })
})

describe('sums of times and spans', () => {
  it('add months by the calendar, days by the clock and the rest by UTC', () => {
    expect(texts(col('d').add('P1M'))).toEqual(['2024-02-29', '0001-02-01', null])
    expect(texts(col('d').add(col('p')))).toEqual(['2024-02-29T00:00:00.000000Z', '0000-01-02T00:00:00.000000Z', null])
    expect(texts(col('t').sub('P1Y'))).toEqual(['2023-02-28T13:45:30.250Z', '1968-12-31T23:59:59.999Z', null])
    expect(texts(col('z').add('P1D'))).toEqual(['2024-04-01T01:30:00+02:00', '2024-10-28T02:30:00+01:00', '2024-10-28T02:30:00+01:00'])
    expect(texts(col('z').add('PT24H'))).toEqual(['2024-04-01T02:30:00+02:00', '2024-10-28T01:30:00+01:00', '2024-10-28T02:30:00+01:00'])
    expect(texts(col('z').add('PT1H'))).toEqual(['2024-03-31T03:30:00+02:00', '2024-10-27T02:30:00+01:00', '2024-10-27T03:30:00+01:00'])
    expect(texts(lit(new Date(0)).add(col('p')))).toEqual(['1970-02-01T00:00:00.000Z', '1969-01-02T00:00:00.000Z', '1970-01-01T01:30:00.000Z'])
    expect(texts(col('c').add(col('s')))).toEqual(['00:01:30.000', '13:45:29.250', '23:59:59.999'])
    expect(texts(col('c').sub('PT1S'))).toEqual(['23:59:59.000', '13:45:29.250', '23:59:58.999'])
    expect(texts(col('s').add(col('s')))).toEqual(['PT180S', 'PT-2S', 'PT0S'])
    expect(texts(col('p').add(col('p')))).toEqual(['P2M', 'P-24M2D', 'PT10800S'])
    expect(texts(col('p').neg())).toEqual(['P-1M', 'P12M-1D', 'PT-5400S'])
    expect(values(col('s').neg())).toEqual([-90_000, 1000, 0])
  })

  it('give spans where times are taken from times', () => {
    expect(typeOf(col('u').sub(col('z')))).toBe('duration[us]')
    expect(values(col('u').sub(col('z')))).toEqual([0n, 0n, 0n])
    expect(texts(col('t').sub(col('d')))).toEqual(['PT2555130.25S', 'PT62104579199.999S'.replace('62104579199.999', String((-1 - at('0001-01-01T00:00:00Z')) / 1000)), null])
    expect(typeOf(col('d').sub(col('d')))).toBe('duration[s]?')
    expect(typeOf(col('t').sub('2024-01-01T00:00:00.5'))).toBe('duration[ms]?')
    expect(values(col('c').sub(col('c')))).toEqual([0, 0, 0])
    expect(thrown(col('d').add(col('d')) as never)).toContain('TYPE_MISMATCH')
    expect(thrown(col('t').mul(col('p')) as never)).toContain('TYPE_MISMATCH')
  })

  it('never wrap', () => {
    const far = { t: ['timestamp[ns]', [2n ** 63n - 1n]], d: ['date', [(2 ** 31 - 1) * 86_400_000]], i: ['interval', [{ months: 0, days: 1, nanoseconds: 1n }]] } satisfies Table
    expect(thrown(col('t').add('PT0.000000001S'), far)).toBe('TIME_RANGE test: the result in row 0 of a batch lies beyond timestamp[ns]; use a coarser unit, or guard it with when(...)')
    expect(thrown(col('t').add('P300Y'), far)).toContain('TIME_RANGE')
    expect(thrown(col('d').add('P1D'), far)).toContain('lies beyond date')
    expect(thrown(col('t').sub(lit('1600-01-01T00:00:00').cast('timestamp[s]')), far)).toContain('CAST')
    expect(values(when(col('d').lt('2000-01-01')).then(col('d').add('P1D')).otherwise(col('d')), far)).toEqual([(2 ** 31 - 1) * 86_400_000])
  })

  it('count whole units between times', () => {
    expect(values(col('t').dateDiff('2024-01-31T13:45:30.250', 'month'))).toEqual([1n, -648n, null])
    expect(values(col('t').dateDiff(lit('2023-02-28T13:45:30.250').cast('timestamp[ms]'), 'year'))).toEqual([1n, -53n, null])
    expect(values(col('d').dateDiff('2024-01-01', 'day'))).toEqual([30n, -738885n, null])
    expect(values(col('z').dateDiff('2024-10-26T22:00:00Z', 'day'))).toEqual([-209n, 0n, 0n])
    expect(thrown(col('t').dateDiff(col('t'), 'fortnight' as never))).toContain('"fortnight" is no unit; the units are microsecond')
  })
})

describe('times and text', () => {
  it('are written by patterns', () => {
    expect(values(col('t').format('%a %-d %b %Y, %I:%M:%S.%3f %p'))).toEqual(['Thu 29 Feb 2024, 01:45:30.250 PM', 'Wed 31 Dec 1969, 11:59:59.999 PM', null])
    expect(values(col('z').format('%F %R %z %Z'))).toEqual(['2024-03-31 01:30 +0100 Europe/Berlin', '2024-10-27 02:30 +0200 Europe/Berlin', '2024-10-27 02:30 +0100 Europe/Berlin'])
    expect(values(col('d').format('%G-W%V-%u %q %j %y %B %A %e%%'))).toEqual(['2024-W05-3 1 031 24 January Wednesday 31%', '0001-W01-1 1 001 01 January Monday  1%', null])
    expect(values(col('c').format('%H%M%S %f %9f'))).toEqual(['000000 000000 000000000', '134530 250000 250000000', '235959 999000 999000000'])
    expect(values(lit('+12024-01-01').parse('%Y-%m-%d', 'date').format('%Y').concat(col('x').left(0)))[0]).toBe('+12024')
    expect(thrown(col('d').format('%Q'))).toContain('"%Q" in the pattern "%Q" is no part of a time')
    expect(thrown(col('c').format('%Y') as never)).toContain('a time of day has no %Y')
  })

  it('are read by patterns, strictly', () => {
    expect(values(col('x').tryParse('%d.%m.%Y %H:%M'))).toEqual([at('2024-02-29T13:45Z'), at('1969-12-31T11:59Z'), null])
    expect(thrown(col('x').parse('%d.%m.%Y %H:%M'))).toBe('PARSE test: "soon" doesn\'t fit the pattern "%d.%m.%Y %H:%M" as timestamp in row 2 of a batch; use tryParse for null instead')
    expect(thrown(col('x').parse('%H:%M'))).toContain('names no whole date; it needs %Y, %m and %d, or %s')
    expect(thrown(col('x').parse('%q', 'date'))).toContain('%q can be written but not read')
    expect(thrown(col('x').parse('%Y-%m-%d', 'int32' as never))).toContain('int32 is no type of times')
    expect(values(col('x').tryParse('%d.%m.%Y %H:%M', 'timestamp[ns, Europe/Berlin]'))).toEqual([BigInt(at('2024-02-29T12:45Z')) * 1_000_000n, BigInt(at('1969-12-31T10:59Z')) * 1_000_000n, null])
    expect(values(col('x').tryParse('%d.%m.%Y %H:%M', 'date'))).toEqual([at('2024-02-29'), at('1969-12-31'), null])
    expect(typeOf(col('x').tryParse('%F', 'date'))).toBe('date?')
    const read = (pattern: string, text: string) => readTime(piecesOf(pattern) as Piece[], text)
    expect(read('%F %T.%f%z', '2024-02-29 01:02:03.5-0130')).toEqual({ days: 19782, seconds: 3723, nanos: 500_000_000, offset: -5400 })
    expect(read('%b %e, %Y  %I %p', 'february  9, 2024 12 am')).toEqual({ days: 19762, seconds: 0, nanos: 0, offset: undefined })
    expect(read('%y%j', '24366')?.days).toBe(20088)
    expect(read('%s', '-1')).toEqual({ days: -1, seconds: 86_399, nanos: 0, offset: 0 })
    for (const [pattern, text] of [['%F', '2023-02-29'], ['%F', '2024-13-01'], ['%F', '24-01-01'], ['%F %T', '2024-01-01 24:00:00'], ['%F', '2024-01-01x'], ['%y%j', '23366'], ['%F %I', '2024-01-01 13']] as const)
      expect(read(pattern, text), text).toBeUndefined()
  })

  it('are cast both ways as ISO 8601', () => {
    expect(texts(col('s'))).toEqual(['PT90S', 'PT-1S', 'PT0S'])
    expect(values(lit('2024-02-30').tryCast('date').isNull().and(col('n').gt(0)))).toEqual([true, true, false])
    expect(values(col('t').cast('date'))).toEqual([at('2024-02-29'), at('1969-12-31'), null])
    expect(values(col('z').cast('date'))).toEqual([at('2024-03-31'), at('2024-10-27'), at('2024-10-27')])
    expect(texts(col('d').cast('timestamp[s, Europe/Berlin]'))).toEqual(['2024-01-31T00:00:00+01:00', '0001-01-01T00:00:00+00:53:28', null])
    expect(values(col('t').cast('time[ms]'))).toEqual([49_530_250, 86_399_999, null])
    expect(values(col('d').cast('int32'))).toEqual([19753, -719162, null])
    expect(values(col('n').cast('date'))).toEqual([2024, 2023, -44].map(n => n * 86_400_000))
    expect(values(col('s').cast('duration[ms]'))).toEqual([90_000, -1000, 0])
    expect(texts(col('s').cast('interval').add(col('p')))).toEqual(['P1MT90S', 'P-12M1DT-1S', 'PT5400S'])
    expect(thrown(col('p').cast('duration[s]'))).toContain('CAST test')
    expect(values(col('p').tryCast('duration[s]'))).toEqual([null, null, 5_400_000])
    expect(values(col('n').cast('int64').tryCast('time[s]'))).toEqual([2_024_000, 2_023_000, null])
    expect(thrown(col('d').cast('timestamp[ns]'))).toContain('CAST test')
  })

  it('compare across units and with text', () => {
    expect(values(col('u').eq(col('z')))).toEqual([true, true, true])
    expect(values(col('d').lt(col('u')))).toEqual([true, true, null])
    expect(values(col('d').eq('2024-01-31'))).toEqual([true, false, null])
    expect(values(col('d').gt('2024-01-30T23:59:59'))).toEqual([true, false, null])
    expect(values(col('c').ge('13:45:30.25'))).toEqual([false, true, true])
    expect(values(col('s').gt('60s'))).toEqual([true, false, false])
    expect(describeExpression(col('t').sub('P1M').dateDiff(col('u'), 'day').expression)).toBe("dateDiff(t - 'P1M', u, day)")
  })

  it('compare exactly where the coarser unit reaches further', () => {
    const counts = [-(2n ** 63n), -1_000_000_001n, -1_000_000_000n, -1n, 0n, 1n, 999_999_999n, 1_000_000_000n, 2n ** 63n - 1n]
    const seconds = [-(2n ** 40n), -2n, -1n, 0n, 1n, 9_223_372_036n, 9_223_372_037n, 2n ** 62n]
    const pairs = counts.flatMap(fine => seconds.map(coarse => [fine, coarse] as const))
    const both = { fine: ['timestamp[ns]', pairs.map(p => p[0])], coarse: ['timestamp[s]', pairs.map(p => p[1])] } satisfies Table
    const order = (op: (x: bigint, y: bigint) => boolean) => pairs.map(([fine, coarse]) => op(fine, coarse * 1_000_000_000n))
    expect(values(col('fine').lt(col('coarse')), both)).toEqual(order((x, y) => x < y))
    expect(values(col('fine').le(col('coarse')), both)).toEqual(order((x, y) => x <= y))
    expect(values(col('coarse').lt(col('fine')), both)).toEqual(order((x, y) => y < x))
    expect(values(col('coarse').ge(col('fine')), both)).toEqual(order((x, y) => y >= x))
    expect(values(col('fine').eq(col('coarse')), both)).toEqual(order((x, y) => x === y))
    expect(values(col('coarse').ne(col('fine')), both)).toEqual(order((x, y) => x !== y))
    expect(values(col('coarse').gt('1970-01-01T00:00:00.000000001'), both)).toEqual(pairs.map(([, coarse]) => coarse >= 1n))
    const far = { day: ['date', [(2 ** 31 - 1) * 86_400_000, 0]], t: ['timestamp[ns]', [2n ** 63n - 1n, 0n]] } satisfies Table
    expect(values(col('day').gt(col('t')), far)).toEqual([true, false])
    expect(values(col('t').between(col('day'), col('day')), far)).toEqual([false, true])
  })

  it('are made of parts', () => {
    expect(texts(col('n').makeDate(2, 29))).toEqual(['2024-02-29', null, '-000044-02-29'])
    expect(texts(col('n').makeTimestamp(1, 2, 3, 4, 5.5))).toEqual(['2024-01-02T03:04:05.500000Z', '2023-01-02T03:04:05.500000Z', '-000044-01-02T03:04:05.500000Z'])
    expect(values(col('n').makeTimestamp(1, 1, 24, 0, 0))).toEqual([null, null, null])
  })
})
