// Patterns of rows as text, such as `start down+ up`: read, checked, and made into states of which each takes one row.
import { PlanError } from '../base/errors.ts'

/** A pattern as states. State s takes a row of variable `variables[takes[s]]`; what may come next is `next[s]`, the preferred first; `accept` says that the match may end. */
export interface MatchPattern {
  readonly variables: readonly string[]
  readonly takes: readonly number[]
  readonly first: readonly number[]
  readonly next: readonly (readonly number[])[]
  /** Rows before a row of each variable, at least; and rows of a match, at least. */
  readonly before: readonly number[]
  readonly leastRows: number
}

/** Among what comes next: the match may end here. */
export const accept = -1

type Part =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Part[] }
  | { readonly kind: 'repeat'; readonly part: Part; readonly least: number; readonly most: number; readonly reluctant: boolean }

const statesMax = 10_000

/** Reads a pattern. Throws PlanError PATTERN, with the place in the text. */
export function parsePattern(text: string, where: string): MatchPattern {
  const part = new PatternReader(text, where).read()
  const variables = [...new Set(namesOf(part))]
  const made = statesOf(part, variables, where)
  if (made.first.includes(accept)) throw new PlanError('PATTERN', `${where}: the pattern "${text}" matches no rows at all; let one variable be there at least once, such as A+ for A*`)
  return { variables, ...made, ...leastOf(variables.length, made) }
}

class PatternReader {
  readonly #text: string
  readonly #where: string
  #at = 0
  constructor(text: string, where: string) {
    this.#text = text
    this.#where = where
  }

  read(): Part {
    const part = this.#choice()
    if (this.#at < this.#text.length) throw this.#error(`"${this.#text[this.#at]}" is not expected`)
    return part
  }

  #choice(): Part {
    const parts = [this.#sequence()]
    while (this.#take('|')) parts.push(this.#sequence())
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts }
  }

  #sequence(): Part {
    const parts: Part[] = []
    for (this.#blanks(); this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at]!); this.#blanks()) parts.push(this.#repeated())
    if (parts.length === 0) throw this.#error('a variable or a group is expected')
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts }
  }

  #repeated(): Part {
    const part = this.#one()
    const count = this.#count()
    if (!count) return part
    const reluctant = this.#take('?')
    if (this.#at < this.#text.length && '?*+{'.includes(this.#text[this.#at]!)) throw this.#error('a second quantifier follows the first; put brackets around what is repeated')
    return { kind: 'repeat', part, ...count, reluctant }
  }

  #one(): Part {
    if (this.#take('(')) {
      const part = this.#choice()
      if (!this.#take(')')) throw this.#error('")" is expected')
      return part
    }
    const name = /^[\p{L}_][\p{L}\p{N}_]*/u.exec(this.#text.slice(this.#at))?.[0]
    if (name === undefined) throw this.#error(`a variable is expected, not "${this.#text[this.#at]}"`)
    this.#at += name.length
    return { kind: 'variable', name }
  }

  #count(): { least: number; most: number } | undefined {
    this.#blanks()
    if (this.#take('?')) return { least: 0, most: 1 }
    if (this.#take('*')) return { least: 0, most: Number.POSITIVE_INFINITY }
    if (this.#take('+')) return { least: 1, most: Number.POSITIVE_INFINITY }
    if (this.#text[this.#at] !== '{') return undefined
    const found = /^\{\s*(\d*)\s*(,?)\s*(\d*)\s*\}/.exec(this.#text.slice(this.#at))
    if (!found || (found[1] === '' && found[3] === '')) throw this.#error('{n}, {n,}, {n,m} or {,m} is expected')
    const least = Number(found[1])
    const most = found[2] === '' ? least : found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3])
    if (most < least || most === 0) throw this.#error(`${found[0]} repeats at most ${most} times; give at least ${Math.max(least, 1)}`)
    if (Math.max(least, Number.isFinite(most) ? most : 0) > statesMax) throw this.#error(`${found[0]} repeats more than ${statesMax} times`)
    this.#at += found[0].length
    return { least, most }
  }

  #take(character: string): boolean {
    this.#blanks()
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #blanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #error(what: string): PlanError {
    return new PlanError('PATTERN', `${this.#where}: the pattern "${this.#text}" is wrong at position ${this.#at + 1}: ${what}`)
  }
}

function namesOf(part: Part): string[] {
  if (part.kind === 'variable') return [part.name]
  return part.kind === 'repeat' ? namesOf(part.part) : part.parts.flatMap(namesOf)
}

// Instructions: take a row, or go on at one of several places, the preferred first.
type Step = { takes: number } | { to: number[] } | 'end'

function statesOf(part: Part, variables: readonly string[], where: string): Pick<MatchPattern, 'takes' | 'first' | 'next'> {
  const steps: Step[] = []
  const add = (step: Step): number => {
    if (steps.length >= 4 * statesMax) throw new PlanError('PATTERN', `${where}: the pattern has more than ${statesMax} states; repeat less often`)
    return steps.push(step) - 1
  }
  const write = (p: Part): void => {
    if (p.kind === 'variable') add({ takes: variables.indexOf(p.name) })
    else if (p.kind === 'sequence') p.parts.forEach(write)
    else if (p.kind === 'choice') {
      const ends: number[][] = []
      const from: number[] = []
      add({ to: from })
      for (const one of p.parts) {
        from.push(steps.length)
        write(one)
        const end: number[] = []
        add({ to: end })
        ends.push(end)
      }
      for (const end of ends) end.push(steps.length)
    } else if (p.kind === 'repeat') writeRepeat(p)
  }
  const writeRepeat = ({ part: inner, least, most, reluctant }: Extract<Part, { kind: 'repeat' }>): void => {
    for (let i = 0; i < least; i++) write(inner)
    const fork = (): number[] => {
      const to: number[] = []
      add({ to })
      return to
    }
    const close = (to: number[], again: number, end: number): void => void to.push(...(reluctant ? [end, again] : [again, end]))
    if (most === Number.POSITIVE_INFINITY) {
      const start = steps.length
      const to = fork()
      write(inner)
      add({ to: [start] })
      close(to, start + 1, steps.length)
    } else {
      const forks: { to: number[]; again: number }[] = []
      for (let i = least; i < most; i++) {
        const to = fork()
        forks.push({ to, again: steps.length })
        write(inner)
      }
      for (const { to, again } of forks) close(to, again, steps.length)
    }
  }
  write(part)
  add('end')
  return closures(steps)
}

function closures(steps: readonly Step[]): Pick<MatchPattern, 'takes' | 'first' | 'next'> {
  const stateAt = new Map<number, number>()
  const takes: number[] = []
  steps.forEach((step, at) => {
    if (typeof step === 'object' && 'takes' in step) stateAt.set(at, takes.push(step.takes) - 1)
  })
  const from = (start: number): number[] => {
    const found: number[] = []
    const seen = new Set<number>()
    const stack = [start]
    while (stack.length > 0) {
      const at = stack.pop()!
      if (seen.has(at)) continue
      seen.add(at)
      const step = steps[at]!
      if (step === 'end') {
        // What is less preferred than the end is never taken.
        found.push(accept)
        break
      }
      if ('takes' in step) found.push(stateAt.get(at)!)
      else stack.push(...step.to.toReversed())
    }
    return found
  }
  return { takes, first: from(0), next: [...stateAt.keys()].map(at => from(at + 1)) }
}

// Breadth first: how many rows lie before a row of each variable, at least.
function leastOf(variableCount: number, { takes, first, next }: Pick<MatchPattern, 'takes' | 'first' | 'next'>): Pick<MatchPattern, 'before' | 'leastRows'> {
  const before: number[] = new Array(variableCount).fill(Number.POSITIVE_INFINITY)
  const seen = new Set<number>()
  let leastRows = Number.POSITIVE_INFINITY
  for (let wave = [...first], rows = 0; wave.length > 0; rows++) {
    const following: number[] = []
    for (const state of wave) {
      if (state === accept) leastRows = Math.min(leastRows, rows)
      if (state === accept || seen.has(state)) continue
      seen.add(state)
      before[takes[state]!] = Math.min(before[takes[state]!]!, rows)
      following.push(...next[state]!)
    }
    wave = following
  }
  return { before, leastRows }
}
