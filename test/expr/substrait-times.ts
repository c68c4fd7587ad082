// How Millrace says what Substrait's functions of dates and times say. Its two kinds of intervals are one kind here.
import { callExpression } from '../../src/expr/expression.ts'
import type { Build } from './substrait-cases.ts'

const parts: Record<string, string> = {
  YEAR: 'year',
  ISO_YEAR: 'isoYear',
  QUARTER: 'quarter',
  MONTH: 'month',
  ISO_WEEK: 'week',
  DAY: 'day',
  DAY_OF_YEAR: 'dayOfYear',
  SUNDAY_DAY_OF_WEEK: 'dayOfWeek',
  HOUR: 'hour',
  MINUTE: 'minute',
  SECOND: 'second',
  MILLISECOND: 'millisecond',
  MICROSECOND: 'microsecond',
  NANOSECOND: 'nanosecond',
  UNIX_TIME: 'epoch',
}

// A date and an interval of months are a date there, and a timestamp here, where all intervals are of one type.
const sum =
  (fn: string): Build =>
  (args, c) => {
    if (args.length !== 2) return undefined
    const call = callExpression(fn, args)
    return c.args[0]!.type === 'date' && typeof c.expected === 'object' ? callExpression('cast', [call], { to: c.expected.type! }) : call
  }

/** Substrait's types of times and spans. */
export const timeTypes: Record<string, string> = {
  date: 'date',
  'pts<0>': 'timestamp[s]',
  'pts<3>': 'timestamp[ms]',
  'pts<6>': 'timestamp[us]',
  'ptstz<6>': 'timestamp[us]',
  'pt<6>': 'time[us]',
  iyear: 'interval',
  iday: 'interval',
  'iday<0>': 'interval',
  'iday<6>': 'interval',
}

/** Substrait's functions of dates and times, by name, where they are not those of numbers. */
export const timeFunctions: Record<string, Build> = {
  add: sum('add'),
  subtract: sum('sub'),
  add_intervals: args => callExpression('add', args),
  extract([, time], c) {
    const name = c.args[0]!.text
    if (c.args.length !== 2 || !time) return undefined
    // Sunday is 0 by the one reckoning and 7 by the other.
    if (name === 'MONDAY_DAY_OF_WEEK') return callExpression('mod', [callExpression('dayOfWeek', [time]), { kind: 'literal', value: 7 }])
    return parts[name] ? callExpression(parts[name], [time]) : undefined
  },
}
