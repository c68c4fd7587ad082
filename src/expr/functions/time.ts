// Functions of timestamps, in UTC: truncate to a unit, and parts as int32.
import type { Column } from '../../batch/batch.ts'
import { int32 } from '../../batch/data-type.ts'
import { extract, type TimePart, truncate, type TruncateUnit } from '../../compute/time.ts'
import type { Argument, ExpressionFunction } from '../function.ts'
import { prefix } from '../function.ts'

const units: readonly string[] = ['second', 'minute', 'hour', 'day'] satisfies TruncateUnit[]
const isTime = (a: Argument | undefined) => a?.type?.kind === 'timestamp'

/** The option `unit` is what to cut to. */
const truncateFunction: ExpressionFunction = {
  name: 'truncate',
  type([a], { unit }) {
    if (!units.includes(String(unit))) return `"${unit}" is no unit; the units are ${units.join(', ')}`
    return isTime(a) ? { args: [a!.type!], type: a!.type!, nullable: a!.nullable } : undefined
  },
  evaluate: ({ device, arena }, [a], { unit }) => truncate(device, arena, a as Column, unit as TruncateUnit),
  byPosition: { operands: 1, options: ['unit'] },
  describe: ([a], { unit }) => ({ text: `truncate(${a!.text}, ${unit})`, level: 9 }),
}

const part = (name: TimePart): ExpressionFunction => ({
  name,
  type: ([a]) => (isTime(a) ? { args: [a!.type!], type: int32, nullable: a!.nullable } : undefined),
  evaluate: ({ device, arena }, [a]) => extract(device, arena, a as Column, name),
  describe: prefix(name),
})

/** truncate year month day hour minute second dayOfWeek. */
export const timeFunctions: readonly ExpressionFunction[] = [
  truncateFunction,
  ...(['year', 'month', 'day', 'hour', 'minute', 'second', 'dayOfWeek'] as const).map(part),
]
