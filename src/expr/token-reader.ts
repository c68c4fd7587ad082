// Reads the tokens of an expression one by one, and the types among them, which have a grammar of their own.
import { parseType } from '../batch/type-name.ts'
import { syntaxError, type Token, tokenAt } from './tokens.ts'

/** The types whose names are followed by a bracket, and which. */
export const bracketOf: Record<string, string> = { decimal: '(', binary: '(', time: '[', timestamp: '[', duration: '[', list: '<', struct: '<', map: '<' }

/** Stands at a token. */
export class TokenReader {
  protected readonly text: string
  protected readonly where: string
  protected token: Token

  constructor(text: string, where: string) {
    this.text = text
    this.where = where
    this.token = tokenAt(text, 0, where)
  }

  protected next(): void {
    this.token = tokenAt(this.text, this.token.end, this.where)
  }
  protected isWord(word: string): boolean {
    return this.token.kind === 'name' && this.token.text.toLowerCase() === word
  }
  protected word(word: string): boolean {
    if (!this.isWord(word)) return false
    this.next()
    return true
  }
  protected expectWord(word: string): void {
    if (!this.word(word)) throw this.unexpected(word)
  }
  protected symbol(symbol: string): boolean {
    if (this.token.kind !== 'symbol' || this.token.text !== symbol) return false
    this.next()
    return true
  }
  protected expect(symbol: string): void {
    if (!this.symbol(symbol)) throw this.unexpected(symbol)
  }
  protected error(what: string): ReturnType<typeof syntaxError> {
    return syntaxError(this.where, this.token.from, what)
  }
  protected unexpected(wanted: string): ReturnType<typeof syntaxError> {
    const { kind, from, end } = this.token
    const found = kind === 'end' ? 'the expression ends' : `"${this.text.slice(from, Math.min(end, from + 40))}" stands here`
    return this.error(`${found} where ${wanted} is wanted`)
  }

  protected string(): string {
    if (this.token.kind !== 'string') throw this.unexpected('a string')
    const { text } = this.token
    this.next()
    return text
  }

  protected type(): string {
    const token = this.token
    const word = token.text.toLowerCase()
    const end = token.kind === 'name' ? this.endOfType(token, word) : undefined
    if (end === undefined) throw this.unexpected('a type such as int64')
    const name = this.text.slice(token.from, end).trim()
    parseType(name, this.where)
    this.token = tokenAt(this.text, end, this.where)
    return name
  }

  // Where a type ends: behind its bracket, if it has one, and a question mark.
  protected endOfType(token: Token, word: string): number | undefined {
    let end = token.end
    const opening = tokenAt(this.text, end, this.where)
    if (bracketOf[word] === opening.text && opening.kind === 'symbol') {
      const close = closingAt(this.text, opening.from)
      if (close === undefined) return undefined
      end = close
    }
    return this.text[end] === '?' ? end + 1 : end
  }
}

// The place behind the bracket that closes the one at `from`; strings and quoted names are passed over.
function closingAt(text: string, from: number): number | undefined {
  const close: Record<string, string> = { '(': ')', '[': ']', '<': '>' }
  const open: string[] = []
  for (let at = from; at < text.length; at++) {
    const sign = text[at]!
    if (sign === '"') at = text.indexOf('"', at + 1)
    if (at < 0) return undefined
    if (close[sign]) open.push(close[sign])
    else if (sign === open[open.length - 1]) {
      open.pop()
      if (open.length === 0) return at + 1
    }
  }
  return undefined
}
