// when/then/otherwise and coalesce. A branch is evaluated for all rows but fails only for those that take it.
import { bool } from '../../batch/data-type.ts'
import { andBits, andNotBits, filledBits } from '../../compute/bitmap.ts'
import { choose } from '../../compute/choose.ts'
import { isNull, truth } from '../../compute/logic.ts'
import { broadcast, isColumn, type Operand } from '../../compute/operand.ts'
import type { Argument, ExpressionFunction } from '../function.ts'
import { prefix } from '../function.ts'
import { unify } from '../unify.ts'

const isCondition = (a: Argument) => (a.type ? a.type.kind === 'bool' : a.literal === null || typeof a.literal === 'boolean')

/** Arguments: condition, value, condition, value, …, value otherwise. A null condition counts as false. */
const whenFunction: ExpressionFunction = {
  name: 'when',
  type(args) {
    if (args.length < 3 || args.length % 2 === 0) return undefined
    const values = args.filter((_, i) => i % 2 === 1 || i === args.length - 1)
    if (!args.every((a, i) => i % 2 === 1 || i === args.length - 1 || isCondition(a))) return 'a condition must be bool'
    const type = unify(values, true)
    if (!type) return 'the values have no common type'
    return { args: args.map((_, i) => (i % 2 === 1 || i === args.length - 1 ? type : bool)), type, nullable: values.some(v => v.nullable) }
  },
  evaluateLazily(at, args, evaluate, type) {
    const { device, arena, rowCount } = at
    let open = at.active
    const branches: { mask: number; value: Operand }[] = []
    for (let i = 0; i + 1 < args.length; i += 2) {
      const mask = truth(device, arena, broadcast(device, arena, evaluate(args[i]!, open), rowCount))
      branches.push({ mask, value: evaluate(args[i + 1]!, andBits(device, arena, open, mask, rowCount)) })
      open = andNotBits(device, arena, open === 0 ? filledBits(device, arena, rowCount, true) : open, mask, rowCount)
    }
    let result = evaluate(args[args.length - 1]!, open)
    for (const { mask, value } of branches.reverse()) result = choose(device, arena, mask, value, result, rowCount)
    return isColumn(result) ? { ...result, type } : result
  },
  describe(args) {
    const parts: string[] = []
    for (let i = 0; i + 1 < args.length; i += 2) parts.push(`when ${args[i]!.text} then ${args[i + 1]!.text}`)
    return { text: `case ${parts.join(' ')} else ${args[args.length - 1]!.text} end`, level: 9 }
  },
}

/** The first argument that is not null. */
const coalesce: ExpressionFunction = {
  name: 'coalesce',
  type(args) {
    const type = args.length > 0 ? unify(args, true) : undefined
    return type && { args: args.map(() => type), type, nullable: args.every(a => a.nullable) }
  },
  evaluateLazily(at, args, evaluate, type) {
    const { device, arena, rowCount } = at
    let open = at.active
    const values: Operand[] = []
    for (const arg of args) {
      const value = evaluate(arg, open)
      if (!isColumn(value) && value.value === null) continue
      values.push(value)
      if (!isColumn(value) || value.validity === 0) break
      open = andBits(device, arena, open, isNull(device, arena, value, true).values, rowCount)
    }
    let result: Operand = values.pop() ?? { type, value: null }
    for (const value of values.reverse()) if (isColumn(value)) result = choose(device, arena, value.validity, value, result, rowCount)
    return result
  },
  describe: prefix('coalesce'),
}

/** when and coalesce. */
export const conditionalFunctions: readonly ExpressionFunction[] = [whenFunction, coalesce]
