// The text form of expressions: price > 10 and state = 'CA'. It gives the same trees as the methods of columns do, and describe.ts writes it.
// Method: precedence climbing. Tightest first: ::type and .field, -x, * / % div, + - ||, comparisons (also is, in, between, like), not, and, or.
// Whether columns and functions fit is checked where the tree is bound; functions that don't exist are named here, with their place.
import { didYouMean } from '../base/names.ts'
import type { Json } from '../base/json.ts'
import { storedBy } from '../batch/stored-value.ts'
import { parseTimestamp } from '../batch/timestamp-text.ts'
import { callExpression, columnExpression, type Expression, literalExpression, typedLiteral } from './expression.ts'
import type { ExpressionFunction } from './function.ts'
import { expressionFunctions } from './functions/catalogue.ts'
import { isReserved } from './reserved-words.ts'
import { bracketOf, TokenReader } from './token-reader.ts'
import { syntaxError, textLengthMax, type Token, tokenAt } from './tokens.ts'
import { decimalOfLiteral } from './unify-numbers.ts'

// Deeper trees would overflow the stack of whoever walks them.
const depthMax = 200
const operationsMax = 2_000

const plainName = (name: string) => name.toLowerCase().replaceAll('_', '')
const functions = new Map(expressionFunctions.map(f => [plainName(f.name), f]))
const comparisons: Record<string, string> = { '=': 'eq', '==': 'eq', '<>': 'ne', '!=': 'ne', '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' }
const sums: Record<string, string> = { '+': 'add', '-': 'sub', '||': 'concat' }
const products: Record<string, string> = { '*': 'mul', '/': 'div', '%': 'mod' }
const truths: Record<string, readonly [string, string]> = { null: ['isNull', 'isNotNull'], true: ['isTrue', 'isNotTrue'], false: ['isFalse', 'isNotFalse'] }
const typeWords = new Set(['null', 'bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64', 'utf8', 'date', 'interval', ...Object.keys(bracketOf)])

/** The expression that `text` says. Throws PlanError EXPRESSION naming `where` and the character, LITERAL or TYPE. */
export function parseExpression(text: string, where: string): Expression {
  if (text.length > textLengthMax) throw syntaxError(where, textLengthMax, `the expression has ${text.length} characters; ${textLengthMax} is the most`)
  return new Parser(text, where).whole()
}

class Parser extends TokenReader {
  #depth = 0
  #operations = 0
  // The variables of the functions of items around this place, innermost last.
  readonly #variables: ReadonlyMap<string, string>[] = []

  whole(): Expression {
    const expression = this.#or()
    if (this.token.kind !== 'end') throw this.unexpected('an operator, or the end')
    return expression
  }

  #or(): Expression {
    if (++this.#depth > depthMax) throw this.error(`the expression nests deeper than ${depthMax}`)
    let left = this.#and()
    while (this.word('or')) left = this.#call('or', [left, this.#and()])
    this.#depth--
    return left
  }

  #and(): Expression {
    let left = this.#not()
    while (this.word('and')) left = this.#call('and', [left, this.#not()])
    return left
  }

  #not(): Expression {
    if (!this.word('not')) return this.#comparison()
    if (++this.#depth > depthMax) throw this.error(`the expression nests deeper than ${depthMax}`)
    const inner = this.#not()
    this.#depth--
    return this.#call('not', [inner])
  }

  #comparison(): Expression {
    let left = this.#sum()
    for (;;) {
      const symbol = this.token.kind === 'symbol' ? comparisons[this.token.text] : undefined
      if (symbol) {
        this.next()
        left = this.#call(symbol, [left, this.#sum()])
      } else if (this.word('is')) left = this.#is(left)
      else {
        const negated = this.word('not')
        const tested = this.#test(left)
        if (!tested && negated) throw this.unexpected('in, between, like or ilike')
        if (!tested) return left
        left = negated ? this.#call('not', [tested]) : tested
      }
    }
  }

  #is(left: Expression): Expression {
    const negated = this.word('not')
    if (this.word('distinct')) {
      this.expectWord('from')
      return this.#call(negated ? 'eqNullSafe' : 'neNullSafe', [left, this.#sum()])
    }
    for (const [word, [is, isNot]] of Object.entries(truths)) if (this.word(word)) return this.#call(negated ? isNot : is, [left])
    throw this.unexpected('null, true, false or distinct from')
  }

  #test(left: Expression): Expression | undefined {
    if (this.word('between')) {
      const low = this.#sum()
      this.expectWord('and')
      return this.#call('between', [left, low, this.#sum()])
    }
    if (this.word('in')) {
      const close = this.symbol('(') ? ')' : this.symbol('[') ? ']' : undefined
      if (!close) throw this.unexpected('a list such as (1, 2)')
      return this.#call('isIn', [left, ...this.#list(close)])
    }
    const name = ['like', 'ilike'].find(word => this.word(word))
    if (!name) return undefined
    const args = [left, this.#sum()]
    return this.word('escape') ? this.#call(name, args, { escape: this.string() }) : this.#call(name, args)
  }

  #sum(): Expression {
    let left = this.#product()
    for (;;) {
      const fn = this.token.kind === 'symbol' ? sums[this.token.text] : undefined
      if (!fn) return left
      this.next()
      left = this.#call(fn, [left, this.#product()])
    }
  }

  #product(): Expression {
    let left = this.#signed()
    for (;;) {
      const fn = this.token.kind === 'symbol' ? products[this.token.text] : this.isWord('div') ? 'intDiv' : undefined
      if (!fn) return left
      this.next()
      left = this.#call(fn, [left, this.#signed()])
    }
  }

  #signed(): Expression {
    if (this.symbol('+')) return this.#signed()
    if (!this.symbol('-')) return this.#typed(this.#primary())
    if (this.token.kind === 'number') return this.#typed(this.#number('-'))
    if (this.token.kind === 'name' && this.token.text === 'Infinity') {
      this.next()
      return this.#typed(literalExpression(Number.NEGATIVE_INFINITY))
    }
    if (++this.#depth > depthMax) throw this.error(`the expression nests deeper than ${depthMax}`)
    const inner = this.#signed()
    this.#depth--
    return this.#call('neg', [inner])
  }

  #typed(expression: Expression): Expression {
    let result = expression
    for (;;) {
      if (this.symbol('::')) result = this.#call('cast', [result], { to: this.type() })
      else if (this.symbol('.')) result = this.#call('field', [result], { name: this.#fieldName() })
      else return result
    }
  }

  #fieldName(): string {
    const { kind, text } = this.token
    if (kind !== 'name' && kind !== 'quoted') throw this.unexpected('the name of a field')
    this.next()
    return text
  }

  // {name: value, …}
  #struct(): Expression {
    const names: string[] = []
    const values: Expression[] = []
    while (!this.symbol('}')) {
      if (names.length > 0) this.expect(',')
      names.push(this.#fieldName())
      this.expect(':')
      values.push(this.#or())
    }
    return this.#call('struct', values, { names })
  }

  #primary(): Expression {
    const token = this.token
    switch (token.kind) {
      case 'number':
        return this.#number('')
      case 'string':
        return literalExpression(this.string())
      case 'time':
        this.next()
        return literalExpression(new Date(token.text))
      case 'quoted':
        this.next()
        return columnExpression(token.text)
      case 'name':
        return this.#name(token)
      default:
        if (this.symbol('(')) {
          const inner = this.#or()
          this.expect(')')
          return inner
        }
        if (this.symbol('[')) return this.#call('list', this.#list(']'))
        if (this.symbol('{')) return this.#struct()
        throw this.unexpected('a column, a literal, a function or a bracket')
    }
  }

  #name(token: Token): Expression {
    const word = token.text.toLowerCase()
    if (word === 'case') return this.#case()
    if (token.text === 'NaN' || token.text === 'Infinity') {
      this.next()
      return literalExpression(Number(token.text))
    }
    const literal = word === 'true' ? true : word === 'false' ? false : word === 'null' ? null : undefined
    const typed = this.#typedLiteral(token, word)
    if (typed) return typed
    if (literal !== undefined) {
      this.next()
      return literalExpression(literal)
    }
    const following = tokenAt(this.text, token.end, this.where)
    if (following.kind === 'symbol' && following.text === '(') return this.#function(token)
    if (isReserved(token.text)) throw this.unexpected('a value')
    this.next()
    return columnExpression(this.#variableOf(token.text) ?? token.text)
  }

  // date '2024-02-29', decimal '0.05', decimal(4, 2) '0.05': a type and what it says.
  #typedLiteral(token: Token, word: string): Expression | undefined {
    if (!typeWords.has(word)) return undefined
    const end = this.endOfType(token, word)
    const text = end === undefined ? undefined : tokenAt(this.text, end, this.where)
    if (text?.kind !== 'string') return undefined
    this.token = text
    this.next()
    const name = this.text.slice(token.from, end).trim()
    if (name.length > word.length) return typedLiteral(name, text.text)
    if (word === 'decimal') {
      const type = decimalOfLiteral(text.text)
      if (!type) throw syntaxError(this.where, text.from, `'${text.text}' is no decimal of up to 38 digits`)
      return typedLiteral(`decimal(${type.precision}, ${type.scale})`, text.text)
    }
    if (word === 'timestamp') {
      const ms = parseTimestamp(text.text, 'ms')
      if (ms !== undefined) return literalExpression(new Date(Number(ms)))
    }
    if (word !== 'timestamp' && word !== 'time' && word !== 'duration') return typedLiteral(word, text.text)
    const unit = (['ms', 'us', 'ns'] as const).find(u => storedBy({ kind: word, unit: u })(text.text) !== undefined)
    if (!unit) throw syntaxError(this.where, text.from, `'${text.text}' is no ${word}`)
    return typedLiteral(`${word}[${unit}]`, text.text)
  }

  #function(token: Token): Expression {
    this.next()
    this.next()
    const word = plainName(token.text)
    if (word === 'cast' || word === 'trycast') {
      const value = this.#or()
      this.expectWord('as')
      const to = this.type()
      this.expect(')')
      return this.#call(word === 'cast' ? 'cast' : 'tryCast', [value], { to })
    }
    const fn = functions.get(word)
    if (!fn) throw syntaxError(this.where, token.from, `no function "${token.text}" in expressions${didYouMean(token.text, expressionFunctions.map(f => f.name))}`)
    return this.#arguments(fn)
  }

  // Operands, then options by their places or as name => value.
  #arguments(fn: ExpressionFunction): Expression {
    const args: Expression[] = []
    const options: Record<string, Json> = {}
    while (!this.symbol(')')) {
      if (args.length > 0 || Object.keys(options).length > 0) this.expect(',')
      const name = this.token
      const arrow = name.kind === 'name' ? tokenAt(this.text, name.end, this.where) : name
      if (arrow.kind === 'symbol' && arrow.text === '=>') {
        this.next()
        this.next()
        options[name.text] = this.#optionValue()
        continue
      }
      const lambda = this.#lambda()
      if (lambda) {
        args.push(lambda.body)
        options['variables'] = lambda.variables
        continue
      }
      const place = args.length + Object.keys(options).length - (fn.byPosition?.operands ?? Number.POSITIVE_INFINITY)
      const option = place >= 0 ? fn.byPosition!.options[place] : undefined
      if (option !== undefined) options[option] = this.#optionValue()
      else args.push(this.#or())
    }
    return this.#call(fn.name, args, Object.keys(options).length > 0 ? options : undefined)
  }

  // x -> x + 1, or (x, i) -> x * i: an expression over an item and its place. The tree names them $$x and $$i, as no column can be.
  #lambda(): { body: Expression; variables: string[] } | undefined {
    const head = /^\s*(?:([A-Za-z]\w*)|\(\s*([A-Za-z]\w*)\s*(?:,\s*([A-Za-z]\w*)\s*)?\))\s*->/.exec(this.text.slice(this.token.from, this.token.from + 200))
    if (!head) return undefined
    const first = head[1] ?? head[2]!
    const second = head[3] ?? first + first
    this.token = tokenAt(this.text, this.token.from + head[0].length, this.where)
    this.#variables.push(new Map([first, second].map(name => [name, `$$${name}`])))
    const body = this.#or()
    this.#variables.pop()
    return { body, variables: [`$$${first}`, `$$${second}`] }
  }

  // A number, string, true or false, or a bare word.
  #optionValue(): Json {
    const { kind, text } = this.token
    const following = kind === 'name' ? tokenAt(this.text, this.token.end, this.where) : undefined
    if (following?.kind === 'symbol' && (following.text === ',' || following.text === ')') && !['true', 'false', 'null'].includes(text)) {
      this.next()
      return text
    }
    const from = this.token.from
    const value = this.#signed()
    if (value.kind !== 'literal' || (typeof value.value === 'object' && value.value !== null)) throw syntaxError(this.where, from, 'an option is a number, a string, a word, true or false')
    return value.value
  }

  #case(): Expression {
    this.next()
    const subject = this.isWord('when') ? undefined : this.#or()
    const args: Expression[] = []
    while (this.word('when')) {
      const condition = this.#or()
      this.expectWord('then')
      args.push(subject ? this.#call('eq', [subject, condition]) : condition, this.#or())
    }
    if (args.length === 0) throw this.unexpected('when')
    const rest = this.word('else') ? this.#or() : literalExpression(null)
    this.expectWord('end')
    return this.#call('when', [...args, rest])
  }

  #list(close: string): Expression[] {
    const items: Expression[] = []
    while (!this.symbol(close)) {
      if (items.length > 0) this.expect(',')
      items.push(this.#or())
    }
    return items
  }

  #number(sign: string): Expression {
    const { text, from } = this.token
    this.next()
    if (text.endsWith('n')) {
      if (!/^\d+n$/.test(text)) throw syntaxError(this.where, from, `${text} is no whole number`)
      return literalExpression(BigInt(sign + text.slice(0, -1)))
    }
    if (/^\d+$/.test(text)) {
      const value = BigInt(sign + text)
      return literalExpression(value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= -BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value)
    }
    return literalExpression(Number(sign + text))
  }

  #variableOf(name: string): string | undefined {
    for (let i = this.#variables.length - 1; i >= 0; i--) if (this.#variables[i]!.has(name)) return this.#variables[i]!.get(name)
    return undefined
  }

  #call(fn: string, args: readonly Expression[], options?: Record<string, Json>): Expression {
    if (++this.#operations > operationsMax) throw this.error(`the expression has more than ${operationsMax} operations`)
    return callExpression(fn, args, options)
  }
}
