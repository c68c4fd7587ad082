// when/then/otherwise, coalesce, nullIf, least and greatest. A branch is evaluated for all rows but fails only for those that take it.
import type { Column } from '../../batch/batch.ts'
import { bool, isFloat } from '../../batch/data-type.ts'
import { andBits, andNotBits, filledBits, notBits, orBits } from '../../compute/bitmap.ts'
import { choose } from '../../compute/choose.ts'
import { compare } from '../../compute/compare.ts'
import { isNull, truth } from '../../compute/logic.ts'
import { broadcast, isColumn, type Operand } from '../../compute/operand.ts'
import type { Argument, Evaluation, ExpressionFunction } from '../function.ts'
import { prefix } from '../function.ts'
import { unify } from '../unify.ts'
import { comparedTypes } from './compare.ts'

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

/** The first argument, or null where it equals the second. */
const nullIf: ExpressionFunction = {
  name: 'nullIf',
  type(args) {
    const [a, b] = args
    const types = a && b && args.length === 2 ? comparedTypes(a, b) : undefined
    return types && { args: types, type: types[0], nullable: true }
  },
  evaluateLazily(at, [left, right], evaluate, type) {
    const { device, arena, rowCount } = at
    const [a, b] = [evaluate(left!, at.active), evaluate(right!, at.active)]
    if ((!isColumn(a) && a.value === null) || (!isColumn(b) && b.value === null)) return a
    const column = broadcast(device, arena, a, rowCount)
    const equal = truth(device, arena, compare(device, arena, 'eq', column, b))
    return { ...column, type, validity: andBits(device, arena, column.validity, notBits(device, arena, equal, rowCount), rowCount) }
  },
  describe: prefix('nullIf'),
}

/** The least or greatest of the arguments that are not null; null where all are. NaN is greater than every number, as in sorting. */
const extreme = (name: 'least' | 'greatest'): ExpressionFunction => ({
  name,
  type(args) {
    const type = args.length > 0 ? unify(args, true) : undefined
    return type && { args: args.map(() => type), type, nullable: args.every(a => a.nullable) }
  },
  evaluateLazily(at, args, evaluate, type) {
    const { device, arena, rowCount } = at
    const values = args.map(arg => evaluate(arg, at.active)).filter(v => isColumn(v) || v.value !== null)
    if (values.length === 0) return { type, value: null }
    return values.map(v => broadcast(device, arena, v, rowCount)).reduce((a, b) => better(at, name, a, b))
  },
  describe: prefix(name),
})

// `a` where it is there and b isn't, or where it is the better one.
function better({ device, arena, rowCount }: Evaluation, name: 'least' | 'greatest', a: Column, b: Column): Column {
  let wins = compare(device, arena, name === 'least' ? 'le' : 'ge', a, b).values
  if (isFloat(a.type)) {
    const isNaNOf = (c: Column) => compare(device, arena, 'ne', c, c).values
    wins = orBits(device, arena, wins, isNaNOf(name === 'least' ? b : a), rowCount)
  }
  if (b.validity !== 0) wins = orBits(device, arena, wins, notBits(device, arena, b.validity, rowCount), rowCount)
  return choose(device, arena, andBits(device, arena, wins, a.validity, rowCount), a, b, rowCount)
}

/** when coalesce nullIf least greatest. */
export const conditionalFunctions: readonly ExpressionFunction[] = [whenFunction, coalesce, nullIf, extreme('least'), extreme('greatest')]
