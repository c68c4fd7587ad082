// The contract of an expression's function: how it types, computes and prints. A family per file in functions/, a line in its catalogue.
import type { Json } from '../base/json.ts'
import type { Column } from '../batch/batch.ts'
import type { DataType, Member } from '../batch/data-type.ts'
import type { Constant, Operand } from '../compute/operand.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { LiteralValue } from './expression.ts'

/** Options of a call: plain data. */
export type CallOptions = { readonly [key: string]: Json }

/** What is known of an argument before its final type: `type` is absent for literals, which fit themselves to what stands beside them. */
export interface Argument {
  readonly type: DataType | undefined
  readonly nullable: boolean
  readonly literal?: LiteralValue
}

/** The outcome of typing a call: what each argument is converted to, and what comes out. */
export interface Signature {
  readonly args: readonly DataType[]
  readonly type: DataType
  readonly nullable: boolean
}

/** Where an evaluation stands. `active` is the bitmap of rows that count for errors, 0 for all. */
export interface Evaluation {
  readonly device: Device
  readonly arena: Arena
  readonly rowCount: number
  readonly active: number
  readonly where: string
}

/** A part of the text of an expression; `level` is how tightly it binds: 1 or … 7 times, 9 a name or a call. */
export interface Text {
  readonly text: string
  readonly level: number
}

/** The rows that a lambda is computed for: `count` of them, `owners` (the address of a u32 each) their rows in the batch, and its variables beside the batch's columns. */
export interface LambdaRows {
  readonly owners: number
  readonly count: number
  readonly variables: readonly Column[]
}

/** What a function whose last argument is a lambda says of it: its variables, by the arguments before; undefined where those don't fit. */
export interface Lambda {
  variables(args: readonly Argument[]): readonly Member[] | undefined
}

/** A function of expressions. */
export interface ExpressionFunction {
  readonly name: string
  /** Types a call; undefined where the arguments don't fit, a string to say why in other words than "… does not apply". */
  type(args: readonly Argument[], options: CallOptions): Signature | string | undefined
  /**
   * Computes from the arguments' values; at least one is a column, none is a null constant: a null constant makes the result null, unless
   * `evaluateLazily` is there, which is handed the arguments unevaluated and may narrow the active rows for each.
   */
  evaluate?(at: Evaluation, args: readonly Operand[], options: CallOptions, type: DataType): Operand
  evaluateLazily?(at: Evaluation, args: readonly Bound[], evaluate: (arg: Bound, active: number) => Operand, type: DataType): Operand
  /** For functions with a `lambda`, whose last argument is one, typed like any other: `over` computes it, `args` are the values of the others, none null. */
  evaluateLambda?(at: Evaluation, args: readonly Operand[], over: (rows: LambdaRows) => Column, type: DataType): Operand
  readonly lambda?: Lambda
  describe(args: readonly Text[], options: CallOptions): Text
  /** Options that a call may give without their names, in this order, behind its `operands` expressions: `substring(s, 1, 3)`, `s.substring(1, 3)`. */
  readonly byPosition?: { readonly operands: number; readonly options: readonly string[] }
}

interface Typed {
  readonly type: DataType
  readonly nullable: boolean
}

/** A typed expression; `bind.ts` makes it. `variablesAt`: where the variables of a lambda stand among the columns that it reads. */
export type Bound =
  | (Typed & { readonly kind: 'column'; readonly index: number })
  | (Typed & { readonly kind: 'constant'; readonly constant: Constant })
  | (Typed & { readonly kind: 'call'; readonly fn: ExpressionFunction; readonly args: readonly Bound[]; readonly options: CallOptions; readonly variablesAt?: number })

/** `left symbol right`, with brackets where the parts bind less tightly; a call of `name` where there are options, which are left out without it. Chains lean to the left. */
export function infix(symbol: string, level: number, name?: string): (args: readonly Text[], options?: CallOptions) => Text {
  return (args, options = {}) =>
    name !== undefined && Object.keys(options).length > 0
      ? prefix(name)(args, options)
      : { text: args.map((arg, i) => bracket(arg, i > 0 ? level + 1 : level)).join(` ${symbol} `), level }
}

/** A part's text, in brackets where it binds less tightly than `level`. */
export function bracket({ text, level }: Text, least: number): string {
  return level < least ? `(${text})` : text
}

/** `name(a, b)`, and behind the arguments the options: those of `byPosition` without their names as long as none is left out, others `name => value`. */
export function prefix(name: string, byPosition: readonly string[] = []): (args: readonly Text[], options?: CallOptions) => Text {
  return (args, options = {}) => {
    const parts = args.map(a => a.text)
    const named = new Set(Object.keys(options))
    for (const option of byPosition) {
      if (!named.delete(option)) break
      parts.push(optionText(options[option]!))
    }
    for (const option of named) parts.push(`${option} => ${optionText(options[option]!)}`)
    return { text: `${name}(${parts.join(', ')})`, level: 9 }
  }
}

function optionText(value: Json): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : JSON.stringify(value)
}
