// Evaluates an expression over columns given as JavaScript values, the whole way: bind, evaluate, read back.
import type { Batch } from '../../src/batch/batch.ts'
import { buildColumn } from '../../src/batch/build-columns.ts'
import type { Value } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { typeName } from '../../src/batch/type-name.ts'
import type { Device } from '../../src/device/device.ts'
import { bindExpression } from '../../src/expr/bind.ts'
import { evaluate } from '../../src/expr/evaluate.ts'
import type { Expression } from '../../src/expr/expression.ts'
import { valuesOf } from './samples.ts'

/** Columns by name: a type as users write it, and a value a row. */
export type Table = Record<string, readonly [type: string, values: readonly unknown[]]>

/** The expression's value for every row; `rowCount` matters where there are no columns. Memory is released before it returns. */
export function valuesOfExpression(device: Device, expression: Expression, table: Table, rowCount = Object.values(table)[0]?.[1].length ?? 1): Value[] {
  const fields = parseSchema(Object.fromEntries(Object.entries(table).map(([name, [type]]) => [name, type])), 'table')
  const arena = device.arena()
  try {
    const columns = fields.map(field => buildColumn(device, arena, field, table[field.name]![1], 'table'))
    const batch: Batch = { fields, rowCount, columns, arena: arena.address }
    const bound = bindExpression(expression, fields, 'test')
    const column = evaluate(device, arena, bound, batch, 'test')
    const values = valuesOf(device, column)
    if (!bound.nullable && values.includes(null)) throw new RangeError('a result that was said to be never null is null')
    return values
  } finally {
    arena.release()
  }
}

/** The type of an expression over the columns, as users write it. */
export function typeOfExpression(expression: Expression, table: Table): string {
  const fields = parseSchema(Object.fromEntries(Object.entries(table).map(([name, [type]]) => [name, type])), 'test')
  const { type, nullable } = bindExpression(expression, fields, 'test')
  return typeName(type, nullable)
}

/** The expression's values, or the code and message of the error that it ends in. */
export function valuesOrError(device: Device, expression: Expression, table: Table): Value[] | string {
  try {
    return valuesOfExpression(device, expression, table)
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as Error).message}`
  }
}
