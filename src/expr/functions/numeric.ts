// floor ceil round sqrt ln log10 exp. floor, ceil and round leave integers as they are; the others give float64.
import type { Column } from '../../batch/batch.ts'
import { float64, isNumeric } from '../../batch/data-type.ts'
import { numeric, type NumericFunction, round } from '../../compute/numeric.ts'
import type { Argument, ExpressionFunction, Signature } from '../function.ts'
import { prefix } from '../function.ts'
import { unify } from '../unify.ts'

function typeNumeric(args: readonly Argument[], keepsIntegers: boolean): Signature | undefined {
  const common = args.length === 1 ? unify(args, true) : undefined
  if (!common || !isNumeric(common)) return undefined
  const type = keepsIntegers ? common : float64
  return { args: [type], type, nullable: args[0]!.nullable }
}

const numericFunction = (name: NumericFunction): ExpressionFunction => ({
  name,
  type: args => typeNumeric(args, name === 'floor' || name === 'ceil'),
  evaluate: ({ device, arena }, [a], _, type) => (type.kind === 'float64' ? numeric(device, arena, name, a as Column) : a!),
  describe: prefix(name),
})

/** The option `digits` is a whole number, 0 if absent; below 0 it rounds to tens, hundreds … */
const roundFunction: ExpressionFunction = {
  name: 'round',
  type(args, { digits = 0 }) {
    if (!Number.isInteger(digits) || Math.abs(digits as number) > 300) return 'digits must be a whole number from -300 to 300'
    const signature = typeNumeric(args, true)
    return signature && signature.type.kind !== 'float64' && (digits as number) < 0
      ? 'integers have no digits to the right; cast to float64 to round to tens'
      : signature
  },
  evaluate: ({ device, arena }, [a], { digits = 0 }, type) => (type.kind === 'float64' ? round(device, arena, a as Column, digits as number) : a!),
  byPosition: { operands: 1, options: ['digits'] },
  describe: ([a], { digits = 0 }) => ({ text: digits === 0 ? `round(${a!.text})` : `round(${a!.text}, ${digits})`, level: 9 }),
}

/** floor ceil sqrt ln log10 exp round. */
export const numericFunctions: readonly ExpressionFunction[] = [
  ...(['floor', 'ceil', 'sqrt', 'ln', 'log10', 'exp'] as const).map(numericFunction),
  roundFunction,
]
