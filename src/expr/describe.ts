// Expressions as people read them, for explain() and errors: price > 100 and channel != 'Apple'. parse.ts reads it back as the same tree.
import { type Expression, isVariable, type LiteralValue } from './expression.ts'
import { prefix, type Text } from './function.ts'
import { expressionFunctions } from './functions/catalogue.ts'
import { nameText } from './reserved-words.ts'

const functions = new Map(expressionFunctions.map(f => [f.name, f]))

/** The text of an expression. Total: a function that doesn't exist prints as a call. */
export function describeExpression(expression: Expression): string {
  return textOf(expression).text
}

function textOf(expression: Expression): Text {
  switch (expression.kind) {
    case 'column':
      if (isVariable(expression.name)) return { text: expression.name.slice(2), level: 9 }
      return { text: nameText(expression.name), level: 9 }
    case 'literal':
      return { text: literalText(expression.value), level: 9 }
    case 'call':
      return (functions.get(expression.fn)?.describe ?? prefix(expression.fn))(expression.args.map(textOf), expression.options ?? {})
  }
}

function stringText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function literalText(value: LiteralValue): string {
  if (typeof value === 'string') return stringText(value)
  if (value === null || typeof value !== 'object') return String(value)
  if ('as' in value) return `${value.as} ${stringText(value.text)}`
  if ('int64' in value) return `${value.int64}n`
  if ('timestamp' in value) return new Date(value.timestamp).toISOString()
  return value.float64 === '-0' ? '-0.0' : value.float64
}
