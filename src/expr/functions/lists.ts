// Functions of lists: items by place, searching, slices, order, aggregates, joining, making. Places count from 0, negative ones from the end. Null where any
// argument is. Some share their names with functions of text: see overloads.ts.
import type { Column } from '../../batch/batch.ts'
import { bool, type DataType, int32, int64, type Member, sameType, utf8 } from '../../batch/data-type.ts'
import { typeName } from '../../batch/type-name.ts'
import { aggregateOf, aggregateType, isNullable } from '../../compute/accumulator.ts'
import {
  aggregateLists,
  concatLists,
  distinctLists,
  findInLists,
  itemOf,
  joinLists,
  listElement,
  listLength,
  reverseLists,
  sliceLists,
  sortLists,
  zipLists,
} from '../../compute/lists.ts'
import { broadcast, type Constant, type Operand } from '../../compute/operand.ts'
import { isOrdered } from '../../compute/sort.ts'
import type { Argument, ExpressionFunction, Signature } from '../function.ts'
import { prefix } from '../function.ts'
import { strict } from '../typing.ts'
import { constantOf, unify } from '../unify.ts'

/** The type of a list's item, where an argument is a list. */
export function listItem(argument: Argument | undefined): Member | undefined {
  const type = argument?.type
  return type?.kind === 'list' || type?.kind === 'fixedList' ? itemOf(type) : undefined
}

/** The list type of items. */
export function listOf(item: Member): DataType {
  return { kind: 'list', item }
}

// A function of a list and whole numbers.
function ofPlaces(args: readonly Argument[], count: number, type: (item: Member) => DataType): Signature | undefined {
  const item = listItem(args[0])
  const places = item && strict(args.slice(1), new Array(count).fill('whole'), bool)
  return places && { args: [args[0]!.type!, ...places.args], type: type(item), nullable: args.some(a => a.nullable) }
}

function ofList(args: readonly Argument[], type: (item: Member) => DataType | undefined): Signature | undefined {
  const item = args.length === 1 ? listItem(args[0]) : undefined
  const found = item && type(item)
  return found && { args: [args[0]!.type!], type: found, nullable: args[0]!.nullable }
}

const length: ExpressionFunction = {
  name: 'length',
  type: ([a]) => (a?.type && { args: [a.type], type: int32, nullable: a.nullable }) || undefined,
  evaluate: ({ device, arena }, [a]) => listLength(device, arena, a as Column),
  describe: prefix('length'),
}

const element: ExpressionFunction = {
  name: 'element',
  type(args) {
    const signature = ofPlaces(args, 1, item => item.type)
    return signature && { ...signature, nullable: true }
  },
  evaluate: ({ device, arena }, [a, index]) => listElement(device, arena, a!, index!),
  describe: prefix('element'),
}

const searching = (name: 'contains' | 'indexOf'): ExpressionFunction => ({
  name,
  type(args) {
    const item = listItem(args[0])
    if (!item || args.length !== 2) return undefined
    const value = args[1]!
    const type = value.type ? unify([{ type: item.type, nullable: true }, value], true) : item.type
    const fits = type && sameType(type, item.type) && (value.type || value.literal === null || constantOf(value.literal!, item.type))
    return fits ? { args: [args[0]!.type!, item.type], type: name === 'contains' ? bool : int32, nullable: args.some(a => a.nullable) } : undefined
  },
  evaluate: ({ device, arena }, [a, value]) => findInLists(device, arena, a!, value!, name === 'indexOf'),
  describe: prefix(name),
})

const concat: ExpressionFunction = {
  name: 'concat',
  type(args) {
    const items = args.map(listItem)
    const [first] = items
    if (!first || !items.every(item => item && sameType(item.type, first.type))) return 'all must be lists of one type of items'
    const type = listOf({ type: first.type, nullable: items.some(item => item!.nullable) })
    return { args: args.map(a => a.type!), type, nullable: args.some(a => a.nullable) }
  },
  evaluate: ({ device, arena, rowCount }, [a, ...others]) => others.reduce<Operand>((all, other) => concatLists(device, arena, all, other), broadcast(device, arena, a!, rowCount)),
  describe: prefix('concat'),
}

const toTheEnd: Constant = { type: int64, value: 2n ** 62n }

const slice: ExpressionFunction = {
  name: 'slice',
  type: args => ofPlaces(args, Math.max(1, args.length - 1), listOf),
  evaluate: ({ device, arena }, [a, start, end = toTheEnd]) => sliceLists(device, arena, a!, start!, end),
  describe: prefix('slice'),
}

const reverse: ExpressionFunction = {
  name: 'reverse',
  type: args => ofList(args, listOf),
  evaluate: ({ device, arena }, [a]) => reverseLists(device, arena, a as Column),
  describe: prefix('reverse'),
}

/** Options: `descending`, `nullsFirst`. */
const sort: ExpressionFunction = {
  name: 'sort',
  type(args) {
    const item = listItem(args[0])
    return item && !isOrdered(item.type) ? `${typeName(item.type)} has no order` : ofList(args, listOf)
  },
  evaluate: ({ device, arena }, [a], { descending, nullsFirst }) => sortLists(device, arena, a as Column, descending === true, nullsFirst === true),
  describe: prefix('sort'),
}

const distinct: ExpressionFunction = {
  name: 'distinct',
  type: args => ofList(args, listOf),
  evaluate: ({ device, arena }, [a]) => distinctLists(device, arena, a as Column),
  describe: prefix('distinct'),
}

/** An aggregate of the items, by the name of the aggregate of groups. */
const aggregate = (name: 'sum' | 'min' | 'max' | 'mean'): ExpressionFunction => ({
  name,
  type(args) {
    const item = listItem(args[0])
    if (!item) return undefined
    const spec = { fn: name, inputType: item.type }
    const [rule] = aggregateOf(name, name).inputs
    if (!rule?.fits(item.type)) return `the items are ${typeName(item.type)}; it takes lists of ${rule?.takes}`
    return { args: [args[0]!.type!], type: aggregateType(spec), nullable: args[0]!.nullable || isNullable(name, true) }
  },
  evaluate: ({ device, arena, where }, [a]) => aggregateLists(device, arena, a as Column, name, where),
  describe: prefix(name),
})

const join: ExpressionFunction = {
  name: 'join',
  type(args) {
    const text = args.length === 2 && listItem(args[0])?.type.kind === 'utf8' ? strict(args.slice(1), ['text'], utf8) : undefined
    return text && { args: [args[0]!.type!, utf8], type: utf8, nullable: args.some(a => a.nullable) }
  },
  evaluate: ({ device, arena }, [a, separator]) => joinLists(device, arena, a!, separator!),
  describe: prefix('join'),
}

/** A list of its arguments, which get a common type. */
const list: ExpressionFunction = {
  name: 'list',
  type(args) {
    const type = args.length > 0 ? unify(args, true) : undefined
    if (!type) return args.length === 0 ? 'a list of nothing has no type; give it a value' : 'the values have no common type'
    return { args: args.map(() => type), type: listOf({ type, nullable: args.some(a => a.nullable) }), nullable: false }
  },
  evaluateLazily({ device, arena, rowCount, active }, args, evaluate, type) {
    const columns = args.map(arg => broadcast(device, arena, evaluate(arg, active), rowCount))
    return zipLists(device, arena, itemOf(type), columns)
  },
  describe: prefix('list'),
}

/** The functions of lists that have names of their own. */
export const listFunctions: readonly ExpressionFunction[] = [element, slice, sort, distinct, aggregate('sum'), aggregate('min'), aggregate('max'), aggregate('mean'), join, list]
/** Those that functions of text share their names with. */
export const sharedListFunctions: readonly ExpressionFunction[] = [length, searching('contains'), searching('indexOf'), concat, reverse]
