// Kleene logic and tests for null. `and` and `or` evaluate their right side only for the rows that the left side leaves open, so
// x != 0 and 10 div x > 2 never divides by zero.
import { bool } from '../../batch/data-type.ts'
import { andBits, notBits } from '../../compute/bitmap.ts'
import { compare } from '../../compute/compare.ts'
import { falsehood, isNull, logic, not, truth } from '../../compute/logic.ts'
import { broadcast, isColumn } from '../../compute/operand.ts'
import type { Argument, ExpressionFunction, Signature } from '../function.ts'
import { infix, prefix } from '../function.ts'

function typeLogic(args: readonly Argument[], count: number): Signature | string | undefined {
  if (args.length !== count) return undefined
  const isBool = (a: Argument) => (a.type ? a.type.kind === 'bool' : a.literal === null || typeof a.literal === 'boolean')
  return args.every(isBool) ? { args: args.map(() => bool), type: bool, nullable: args.some(a => a.nullable) } : 'both sides must be bool'
}

const connective = (name: 'and' | 'or'): ExpressionFunction => ({
  name,
  type: args => typeLogic(args, 2),
  evaluateLazily(at, [left, right], evaluate) {
    const { device, arena, rowCount } = at
    const a = broadcast(device, arena, evaluate(left!, at.active), rowCount)
    const settled = name === 'and' ? falsehood(device, arena, a) : truth(device, arena, a)
    const open = andBits(device, arena, at.active, notBits(device, arena, settled, rowCount), rowCount)
    return logic(device, arena, name, a, broadcast(device, arena, evaluate(right!, open), rowCount))
  },
  describe: infix(name, name === 'or' ? 1 : 2),
})

const negation: ExpressionFunction = {
  name: 'not',
  type: args => typeLogic(args, 1),
  evaluate: ({ device, arena, rowCount }, [a]) => not(device, arena, broadcast(device, arena, a!, rowCount)),
  describe: ([a]) => ({ text: `not ${a!.level < 4 ? `(${a!.text})` : a!.text}`, level: 3 }),
}

const nullTest = (name: 'isNull' | 'isNotNull'): ExpressionFunction => ({
  name,
  type: args => (args.length === 1 ? { args: [args[0]!.type ?? bool], type: bool, nullable: false } : undefined),
  evaluateLazily(at, [arg], evaluate) {
    const value = evaluate(arg!, at.active)
    if (!isColumn(value)) return { type: bool, value: (value.value === null) === (name === 'isNull') }
    return isNull(at.device, at.arena, value, name === 'isNull')
  },
  describe: ([a]) => ({ text: `${a!.level < 5 ? `(${a!.text})` : a!.text} is ${name === 'isNull' ? '' : 'not '}null`, level: 4 }),
})

/** True where the value is NaN; null where it is null. */
const isNaNTest: ExpressionFunction = {
  name: 'isNaN',
  type: args => (args.length === 1 && args[0]!.type?.kind === 'float64' ? { args: [args[0]!.type], type: bool, nullable: args[0]!.nullable } : undefined),
  evaluate: ({ device, arena }, [a]) => compare(device, arena, 'ne', a!, a!),
  describe: prefix('isNaN'),
}

/** and or not isNull isNotNull isNaN. */
export const logicFunctions: readonly ExpressionFunction[] = [
  connective('and'),
  connective('or'),
  negation,
  nullTest('isNull'),
  nullTest('isNotNull'),
  isNaNTest,
]
