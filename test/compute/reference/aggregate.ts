// The accumulators against plain aggregates (test/support/plain-aggregates.ts), by family of kernels and type of column.
import type { DataType } from '../../../src/batch/data-type.ts'
import { parseType } from '../../../src/batch/type-name.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { aggregateEntry, type Tolerance } from '../../support/accumulate.ts'
import { sampleTypes } from '../../support/samples.ts'

export { compareValues } from '../../support/plain-aggregates.ts'

const type = (name: string): DataType => parseType(name, 'aggregate').type
const magnitude = (rows: readonly (readonly Value[])[]) => rows[0]!.reduce<number>((sum, value) => sum + (value === null ? 0 : Math.abs(Number(value))), 0)
// Compensated sums: as good as rounding once, but where magnitudes beyond 10^20 cancel, or add up to infinity on the way.
const summed: Tolerance = (actual, expected, rows) =>
  Object.is(actual, expected) || !(magnitude(rows) < 1e300) || Math.abs(actual - expected) <= 2 ** -51 * Math.abs(expected) + 1e-28 * magnitude(rows)
// Variances and their kin: relative to the result, or to the spread for those that cancel. Past 10^150 squares are infinite.
const spread =
  (digits: number): Tolerance =>
  (actual, expected, rows) => {
    const largest = Math.max(...rows.flat().map(value => (value === null ? 0 : Math.abs(Number(value)))))
    if (!(largest < 1e150)) return true
    return Object.is(actual, expected) || Math.abs(actual - expected) <= digits * Math.max(Math.abs(expected), 1e-300)
  }
const near: Tolerance = (actual, expected) => Object.is(actual, expected) || Math.abs(actual - expected) <= 1e-12 * Math.abs(expected)

// Groups of up to 1,536 codes are as good as exact.
const estimated: Tolerance = (actual, expected) => expected > 1_536 && Math.abs(actual - expected) <= 0.03 * expected

// The share of values below is within 0.5 % of what it should be: between the values that far to either side. NaN and infinities are left to their own.
const inRank: Tolerance = (actual, expected, rows) => {
  const sorted = rows[0]!.filter(value => value !== null).map(Number).sort((a, b) => a - b)
  if (!sorted.every(Number.isFinite)) return true
  const at = sorted.findIndex(value => value >= expected)
  const reach = sorted.length <= 512 ? 0 : Math.ceil(0.005 * sorted.length) + 1
  const [low, high] = [sorted[Math.max(0, at - reach - 1)]!, sorted[Math.min(sorted.length - 1, at + reach)]!]
  return near(actual, expected, rows) || (reach > 0 && actual >= low && actual <= high)
}

const sums = [{ fn: 'sum' }, { fn: 'mean' }]
const quantiles = [{ fn: 'median' }, { fn: 'quantile', options: { q: 0 } }, { fn: 'quantile', options: { q: 0.37 } }, { fn: 'quantile', options: { q: 1 } }]
const tops = [{ fn: 'topK', options: { k: 2 } }, { fn: 'topK', options: { k: 9, least: true } }]
const extremes = [{ fn: 'min' }, { fn: 'max' }]

// Types of every layout, without saying all of them again for each function.
const everyThird = (start: number) => sampleTypes.filter((_, i) => i % 3 === start)

const integers = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64']
const floats = ['float16', 'float32', 'float64']
const decimals = ['decimal(9, 2)', 'decimal(38, 10)', 'decimal(38, 0)']
const times = ['date', 'time[s]', 'time[us]', 'timestamp[ms]', 'timestamp[ns, Europe/Berlin]', 'duration[ms]', 'duration[us]']
const orders = ['bool', ...integers, ...floats, ...times]

export const aggregateAgreements = [
  aggregateEntry('aggregate', ['sumI32', 'countGroups', 'addWordsI64', 'takeWords', 'meansI64', 'maskWords', 'fillEntries'], [type('int32')], [{ fn: 'count' }, ...sums]),
  aggregateEntry('aggregate', ['sumI64', 'sumsWide', 'meansWide'], [type('int64')], [{ fn: 'count' }, ...sums, { fn: 'sum', options: { overflow: 'wrap' } }], near),
  aggregateEntry('sums', ['sumF64', 'mergeSumsF64', 'totalsF64'], [type('float64')], sums, summed),
  ...['float32', 'float16'].map(name => aggregateEntry('sums', ['sumF64'], [type(name)], sums, summed)),
  aggregateEntry('sums', ['sumWords', 'sumU64', 'sumsWideU64'], [type('uint64')], [...sums, { fn: 'sum', options: { overflow: 'wrap' } }], near),
  ...['int8', 'int16', 'uint8', 'uint16', 'uint32'].map(name => aggregateEntry('sums', ['sumI32'], [type(name)], sums)),
  ...decimals.map(name => aggregateEntry('sums', ['sumD128', 'mergeSumsD128', 'sumsD128', 'meansD128'], [type(name)], sums, near)),
  ...['duration[ms]', 'duration[us]'].map(name => aggregateEntry('sums', ['meansRounded'], [type(name)], sums)),
  ...['time[s]', 'time[us]', 'timestamp[ms]', 'timestamp[ns, Europe/Berlin]'].map(name => aggregateEntry('sums', ['meansRounded'], [type(name)], [{ fn: 'mean' }])),
  aggregateEntry('aggregate', ['minI32', 'maxI32', 'minI64', 'maxI64', 'minF64', 'maxF64', 'takeOrderedF64'], [type('float64')], extremes),
  ...orders.map(name => aggregateEntry('widen', ['widenI8', 'widenU8', 'widenI16', 'widenU16', 'widenI32', 'keysF64', 'keysU64', 'narrowWords1', 'narrowWords2'], [type(name)], extremes)),
  ...['utf8', 'binary'].map(name => aggregateEntry('aggregate-views', ['minViews', 'maxViews', 'countChangedBytes', 'ownViews', 'takeViews', 'repackViews'], [type(name)], extremes)),
  ...decimals.map(name => aggregateEntry('fold', ['minD128', 'maxD128'], [type(name)], extremes)),
  aggregateEntry('fold', ['minI64', 'maxI64'], [type('bool')], [{ fn: 'any' }, { fn: 'every' }]),
  ...integers.map(name => aggregateEntry('fold', ['andI64', 'orI64', 'xorI64'], [type(name)], [{ fn: 'bitAnd' }, { fn: 'bitOr' }, { fn: 'bitXor' }])),
  ...['int32', 'float64'].map(name => aggregateEntry('fold', ['productF64'], [type(name)], [{ fn: 'product' }], spread(1e-9))),
  ...['int32', 'float64', 'decimal(9, 2)', 'uint64'].map(name =>
    aggregateEntry('spread', ['addSpreadF64', 'mergeSpread', 'takeSpread', 'spreadsF64', 'floatI32', 'floatI64', 'floatU64', 'floatD128'], [type(name)], [{ fn: 'variance' }, { fn: 'stddev' }, { fn: 'variance', options: { population: true } }], spread(1e-11)),
  ),
  ...[['int32', 'int32'], ['float64', 'int16'], ['float32', 'decimal(9, 2)']].map(names =>
    aggregateEntry('spread', ['addPairsF64', 'mergePairs', 'takePairs', 'correlationsF64'], names.map(type), [{ fn: 'corr' }, { fn: 'covariance' }, { fn: 'covariance', options: { population: true } }], spreadOfPairs),
  ),
  ...['int8', 'int64', 'uint64', 'float32', 'float64', 'decimal(38, 10)', 'date', 'time[us]'].map(name =>
    aggregateEntry('runs', ['logKeys', 'countRuns', 'countRunKeys', 'runOffsets', 'placeLogged', 'placeRuns', 'runViews', 'selectQuantiles', 'betweenF64', 'betweenI64', 'maskRuns'], [type(name)], quantiles, near),
  ),
  ...['bool', 'uint16', 'int64', 'float32', 'utf8', 'null', 'decimal(38, 10)', 'interval', 'binary(3)', 'list<int64?>', 'struct<a: int16, b: utf8?>'].map(name =>
    aggregateEntry('runs', ['placeRows', 'repeatGids'], [type(name)], [{ fn: 'countDistinct' }]),
  ),
  ...['int32', 'uint64', 'float32', 'date', 'utf8', 'binary'].map(name => aggregateEntry('runs', ['firstRows', 'clearViews'], [type(name)], [{ fn: 'mode' }])),
  ...everyThird(1).map(type => aggregateEntry('runs', ['fillPlaces'], [type], [{ fn: 'list' }])),
  ...everyThird(2).map(type =>
    aggregateEntry('sketch', ['hashWords64', 'hashFloats64', 'hashViews64', 'sketchHashes', 'mergeSketches', 'sketchViews', 'estimateSketches'], [type], [{ fn: 'approxCountDistinct' }], estimated),
  ),
  ...['float64', 'int16', 'decimal(9, 2)'].map(name =>
    aggregateEntry('digest', ['digestF64', 'mergeDigests', 'digestViews', 'digestQuantiles'], [type(name)], [0, 0.03, 0.5, 0.999, 1].map(q => ({ fn: 'quantile', options: { q, approximate: true } })), inRank),
  ),
  ...everyThird(0).map(type => aggregateEntry('pick', ['pickRows', 'settlePicks', 'takePicks', 'maskPicks', 'repackPicks'], [type], [{ fn: 'first' }, { fn: 'last' }, { fn: 'anyValue' }])),
  ...['bool', 'int16', 'uint64', 'float32', 'float64', 'time[us]'].map((name, i) => aggregateEntry('pick', ['pickRows'], [type(name), sampleTypes[5 * i]!], [{ fn: 'argMin' }, { fn: 'argMax' }])),
  ...['utf8', 'binary', 'decimal(38, 10)', 'int32', 'float64'].map((name, i) =>
    aggregateEntry('runs', ['keepFirst', 'firstOrNone', 'greatestWords'], [type(name), sampleTypes[3 * i]!], [{ fn: 'topKBy', options: { k: 2 } }, { fn: 'topKBy', options: { k: 7, least: true } }, { fn: 'argMin' }, { fn: 'argMax' }]),
  ),
  ...['utf8', 'binary', 'decimal(9, 2)'].map(name => aggregateEntry('runs', ['keepFirst'], [type(name)], tops)),
  ...['bool', 'uint8', 'int32', 'uint64', 'float64', 'duration[ms]'].map(name => aggregateEntry('top', ['topKeys', 'topRuns', 'takeTop'], [type(name)], tops)),
]

/** Decimals of every width that narrow values have. */
export const narrowSumAgreements = ['decimal(2, 1)', 'decimal(4, 0)', 'decimal(9, 2)', 'decimal(18, 0)', 'decimal(19, 0)'].map(name => aggregateEntry('sums', ['sumNarrow', 'minD128', 'maxD128'], [type(name)], [...sums, ...extremes], near))

// A covariance may cancel: what counts is the spread of both sides.
function spreadOfPairs(actual: number, expected: number, rows: readonly (readonly Value[])[]): boolean {
  const sides = rows.map(row => row.map(value => Number(value ?? 0)))
  const reach = sides.map(side => Math.max(...side.map(Math.abs)))
  if (!reach.every(size => size < 1e70)) return true
  return Object.is(actual, expected) || Math.abs(actual - expected) <= 1e-11 * Math.max(1, reach[0]! * reach[1]!)
}
