// Functions of lists that take a function of an item: transform, filter, anyMatch, allMatch, reduce. It is an expression over the item, its place, and the
// columns of the row, computed for all items of all lists at once (reduce: for all lists, item by item).
import type { Column } from '../../batch/batch.ts'
import { bool, int32, type Member, sameType } from '../../batch/data-type.ts'
import { typeName } from '../../batch/type-name.ts'
import { gatherColumn } from '../../compute/gather.ts'
import { closeLists, filterLists, itemOf, matchLists, openLists, type OpenLists, putRows, stepOfLists } from '../../compute/lists.ts'
import { allValid, broadcast, type Operand } from '../../compute/operand.ts'
import type { Argument, CallOptions, Evaluation, ExpressionFunction, Lambda, Signature, Text } from '../function.ts'
import { listItem, listOf } from './lists.ts'

const place: Member = { type: int32, nullable: false }
const itemAndPlace: Lambda['variables'] = ([list]) => {
  const item = listItem(list)
  return item && [item, place]
}

function describeLambda(name: string, showsBoth = false) {
  return (args: readonly Text[], { variables = [] }: CallOptions): Text => {
    const [first = 'item', second = ''] = (variables as readonly string[]).map(variable => variable.slice(2))
    // The place is not shown where it has the name that it gets when none is given.
    const names = second === '' || (second === first + first && !showsBoth) ? [first] : [first, second]
    const shown = names.length === 1 ? names[0] : `(${names.join(', ')})`
    return { text: `${name}(${args.map((arg, i) => (i === args.length - 1 ? `${shown} -> ${arg.text}` : arg.text)).join(', ')})`, level: 9 }
  }
}

function placesOf({ places, count }: OpenLists): Column {
  return { type: int32, length: count, values: places, validity: 0 }
}

function opened({ device, arena, rowCount }: Evaluation, list: Operand): { list: Column; open: OpenLists } {
  const lists = broadcast(device, arena, list, rowCount)
  return { list: lists, open: openLists(device, arena, lists) }
}

const transform: ExpressionFunction = {
  name: 'transform',
  lambda: { variables: itemAndPlace },
  type([list, body]) {
    if (!list?.type || !body?.type) return undefined
    return { args: [list.type, body.type], type: listOf({ type: body.type, nullable: body.nullable }), nullable: list.nullable }
  },
  evaluateLambda(at, [a], over, type) {
    const { list, open } = opened(at, a!)
    const child = over({ owners: open.owners, count: open.count, variables: [open.child, placesOf(open)] })
    return closeLists(at.device, at.arena, itemOf(type), list.length, { ...open, child }, list.validity)
  },
  describe: describeLambda('transform'),
}

function typeCondition([list, body]: readonly Argument[], gives: 'list' | 'bool'): Signature | string | undefined {
  const item = listItem(list)
  if (!item || !body?.type) return undefined
  if (body.type.kind !== 'bool') return `the function gives ${typeName(body.type)}, and a condition must be bool`
  const nullable = list!.nullable || (gives === 'bool' && body.nullable)
  return { args: [list!.type!, bool], type: gives === 'bool' ? bool : listOf(item), nullable }
}

const filter: ExpressionFunction = {
  name: 'filter',
  lambda: { variables: itemAndPlace },
  type: args => typeCondition(args, 'list'),
  evaluateLambda(at, [a], over) {
    const { list, open } = opened(at, a!)
    return filterLists(at.device, at.arena, list, open, over({ owners: open.owners, count: open.count, variables: [open.child, placesOf(open)] }))
  },
  describe: describeLambda('filter'),
}

const matching = (name: 'anyMatch' | 'allMatch'): ExpressionFunction => ({
  name,
  lambda: { variables: itemAndPlace },
  type: args => typeCondition(args, 'bool'),
  evaluateLambda(at, [a], over) {
    const { list, open } = opened(at, a!)
    const mask = over({ owners: open.owners, count: open.count, variables: [open.child, placesOf(open)] })
    return matchLists(at.device, at.arena, list, open, mask, name === 'allMatch')
  },
  describe: describeLambda(name),
})

/** Arguments: the list, the value to begin with, the function of the value so far and an item. */
const reduce: ExpressionFunction = {
  name: 'reduce',
  lambda: {
    variables([list, initial]) {
      const item = listItem(list)
      return item && initial?.type ? [{ type: initial.type, nullable: true }, item] : undefined
    },
  },
  type([list, initial, body]) {
    if (!list?.type || !initial?.type || !body?.type) return undefined
    if (!sameType(initial.type, body.type))
      return `it begins with ${typeName(initial.type)} but the function gives ${typeName(body.type)}; begin with lit(…).cast('${typeName(body.type)}')`
    return { args: [list.type, initial.type, initial.type], type: initial.type, nullable: list.nullable || initial.nullable || body.nullable }
  },
  evaluateLambda(at, [a, initial], over) {
    const { device, arena, rowCount } = at
    const list = broadcast(device, arena, a!, rowCount)
    let result = broadcast(device, arena, initial!, rowCount)
    for (let step = 0; ; step++) {
      const { rows, items, count } = stepOfLists(device, arena, list, step)
      if (count === 0) break
      const variables = [gatherColumn(device, arena, result, rows, count), gatherColumn(device, arena, list.children![0]!, items, count)]
      result = putRows(device, arena, result, over({ owners: rows, count, variables }), rows)
    }
    return { ...result, validity: allValid(device, arena, [result, list], rowCount) }
  },
  describe: describeLambda('reduce', true),
}

/** The functions of lists that take functions. */
export const lambdaFunctions: readonly ExpressionFunction[] = [transform, filter, matching('anyMatch'), matching('allMatch'), reduce]
