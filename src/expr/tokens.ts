// The text form of expressions, cut into tokens: names, numbers, strings, times, symbols. parse.ts makes trees of them.
import { PlanError } from '../base/errors.ts'

/** A piece of the text. `text` is what it says: a name or string without its quotes. `from` and `end` are places in the text. */
export interface Token {
  readonly kind: 'name' | 'quoted' | 'number' | 'string' | 'time' | 'symbol' | 'end'
  readonly text: string
  readonly from: number
  readonly end: number
}

/** Longer texts are refused: an expression is read into a tree, and trees are walked by recursion. */
export const textLengthMax = 1_000_000

const blanks = /(?:\s|--[^\n]*)*/y
const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['time', /(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z/y],
  ['number', /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?n?(?![\w.])/y],
  ['name', /[\p{L}_$][\p{L}\p{N}_$]*/uy],
  ['quoted', /"(?:[^"]|"")*"/y],
  ['string', /'(?:[^']|'')*'/y],
  ['symbol', /=>|->|::|\|\||<>|!=|<=|>=|==|[-+*/%=<>(),.:[\]{}?]/y],
]

/** The token that begins at or behind `at`. Throws PlanError EXPRESSION beginning with `where`. */
export function tokenAt(text: string, at: number, where: string): Token {
  blanks.lastIndex = at
  const from = at + blanks.exec(text)![0].length
  if (from >= text.length) return { kind: 'end', text: '', from: text.length, end: text.length }
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = from
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) return { kind, text: unquoted(kind, found), from, end: from + found.length }
  }
  const sign = text[from]!
  if (sign === "'" || sign === '"') throw syntaxError(where, from, `the ${sign === "'" ? 'string' : 'name'} that begins here has no end; close it with ${sign}`)
  throw syntaxError(where, from, `${JSON.stringify(text.slice(from, from + 8).split(/\s/)[0])} is nothing that an expression has`)
}

function unquoted(kind: Token['kind'], found: string): string {
  if (kind === 'quoted') return found.slice(1, -1).replaceAll('""', '"')
  return kind === 'string' ? found.slice(1, -1).replaceAll("''", "'") : found
}

/** The error for what stands at a place. */
export function syntaxError(where: string, from: number, what: string): PlanError {
  return new PlanError('EXPRESSION', `${where}, at character ${from + 1}: ${what}`)
}
