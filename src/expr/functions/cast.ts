// Casts between types: `cast` fails where a value has no counterpart, `tryCast` gives null. The type is the option `to`, as users write it.
import type { Column } from '../../batch/batch.ts'
import { parseType, typeName } from '../../batch/type-name.ts'
import { canCast, cast, castAlwaysFits } from '../../compute/cast.ts'
import type { ExpressionFunction } from '../function.ts'
import { wrongOption } from '../options.ts'
import { literalType } from '../unify.ts'

const castOf = (name: 'cast' | 'tryCast'): ExpressionFunction => ({
  name,
  type([arg], options) {
    if (!arg) return undefined
    const { type } = parseType(String(options['to']), name)
    if (arg.literal === null) return { args: [type], type, nullable: true }
    const from = arg.type ?? literalType(arg.literal!)
    if (!canCast(from, type)) return `there is no cast from ${typeName(from)} to ${typeName(type)}`
    return wrongOption(options, { to: 'any' }) ?? { args: [from], type, nullable: arg.nullable || (name === 'tryCast' && !castAlwaysFits(from, type)) }
  },
  evaluate: (at, [a], _, type) => cast(at.device, at.arena, a as Column, type, name === 'tryCast', at),
  byPosition: { operands: 1, options: ['to'] },
  describe: ([a], options) => ({ text: `${name}(${a!.text} as ${options['to']})`, level: 9 }),
})

/** What binding writes where an argument must be widened. */
export const castFunction: ExpressionFunction = castOf('cast')

/** cast and tryCast. */
export const castFunctions: readonly ExpressionFunction[] = [castFunction, castOf('tryCast')]
