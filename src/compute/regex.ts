// Regular expressions over utf8 columns: JavaScript's own, with the u flag, so that a character is a code point. Patterns may also say \A, \z and \Z.
// A hostile pattern over a hostile text can take exponential time, as in every backtracking engine: patterns are for people who may write jobs.
// The length of patterns is bounded, and compiled ones are kept; a column with codes is searched once per distinct value.
import { DataError } from '../base/errors.ts'

const patternLengthMax = 10_000
const compiledMax = 256
const compiled = new Map<string, RegExp>()

/** The pattern as a RegExp that finds all matches (g). `flags`: i ignores case, m lets ^ and $ meet line ends, s lets . meet them too. Throws DataError REGEX beginning with `where`. */
export function compileRegex(pattern: string, flags: string, where: string): RegExp {
  const key = `${flags}/${pattern}`
  const known = compiled.get(key)
  if (known) {
    known.lastIndex = 0
    return known
  }
  const refuse = (reason: string) => new DataError('REGEX', `${where}: ${show(pattern)} is no regular expression: ${reason}; mind that \\ must be doubled in a JavaScript string`)
  if (!/^[ims]*$/.test(flags)) throw new DataError('REGEX', `${where}: "${flags}" are no flags of a regular expression; there are i (ignore case), m (lines) and s (. is any character)`)
  if (pattern.length > patternLengthMax) throw refuse(`it is ${pattern.length} characters long, at most ${patternLengthMax} are taken`)
  let regex: RegExp
  try {
    regex = new RegExp(withAnchors(pattern), `${[...new Set(flags)].join('')}gu`)
  } catch (error) {
    throw refuse((error as Error).message.replace(/^Invalid regular expression: /, ''))
  }
  if (compiled.size >= compiledMax) compiled.delete(compiled.keys().next().value!)
  compiled.set(key, regex)
  return regex
}

function show(pattern: string): string {
  return JSON.stringify(pattern.length > 60 ? `${pattern.slice(0, 57)}…` : pattern)
}

const anchors: Record<string, string> = { A: '(?<![^])', z: '(?![^])', Z: '(?=\\n?(?![^]))' }

// \A, \z and \Z, which JavaScript doesn't have, outside of classes.
function withAnchors(pattern: string): string {
  let inClass = false
  return pattern.replace(/\\.|[[\]]/gsu, part => {
    if (part === '[') inClass = true
    else if (part === ']') inClass = false
    else if (!inClass) return anchors[part[1]!] ?? part
    return part
  })
}

/**
 * A text that every match of a pattern has in it, the longest that is plain to see outside of groups; '' where there is none. Patterns that ignore case, or that are
 * alternatives as a whole, have none.
 */
export function requiredText(pattern: string, flags: string): string {
  if (flags.includes('i')) return ''
  let longest = ''
  let run = ''
  let depth = 0
  let isPlain = true
  const end = () => {
    if (run.length > longest.length) longest = run
    run = ''
  }
  // A quantifier says something of the last character only.
  for (const [token, letter] of pattern.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|([^\\[\](){}*+?|^$.])|./gsu)) {
    if (token === '|' && depth === 0) return ''
    if (token === '(' && depth++ === 0) end()
    if (depth > 0 || !isPlain) {
      if (token === ')') depth--
      continue
    }
    if (/^[*?{]/.test(token)) run = [...run].slice(0, -1).join('')
    // Behind these stands more than one character that is not meant as it is.
    isPlain = !/^\{$|^\\[^dDwWsSbBnrtfv\p{P}\p{S}\s]/u.test(token)
    const plain = letter ?? (/^\\[\p{P}\p{S}]$/u.test(token) ? token[1]! : undefined)
    if (plain === undefined) end()
    else run += plain
  }
  end()
  return longest
}

/** Where a match is looked for: from character `start` on, the `occurrence`-th (from 1). */
export interface RegexPlace {
  readonly start: number
  readonly occurrence: number
}

// UTF-16 units before character `start`.
function unitsBefore(text: string, start: number): number {
  let at = 0
  for (let i = 0; i < start && at < text.length; i++) at += text.codePointAt(at)! > 0xffff ? 2 : 1
  return start > 0 && at >= text.length ? text.length : at
}

/** The match at a place, or null. */
export function findMatch(regex: RegExp, text: string, { start, occurrence }: RegexPlace): RegExpExecArray | null {
  regex.lastIndex = unitsBefore(text, start)
  for (let i = 1; ; i++) {
    const match = regex.exec(text)
    if (match === null || i === occurrence) return match
    if (match[0] === '') step(regex, text)
  }
}

/** All matches from character `start` on. */
export function allMatches(regex: RegExp, text: string, start: number): RegExpExecArray[] {
  const found: RegExpExecArray[] = []
  regex.lastIndex = unitsBefore(text, start)
  for (let match = regex.exec(text); match !== null; match = regex.exec(text)) {
    found.push(match)
    if (match[0] === '') step(regex, text)
  }
  return found
}

// After an empty match the search goes on behind the next character.
function step(regex: RegExp, text: string): void {
  regex.lastIndex += (text.codePointAt(regex.lastIndex) ?? 0) > 0xffff ? 2 : 1
}

/** A group of a match by number or name; null where it took no part. */
export function groupOf(match: RegExpExecArray, group: number | string): string | null {
  return (typeof group === 'string' ? match.groups?.[group] : match[group]) ?? null
}

/** A replacement's text for a match: $1, $<name>, $& and $$ as in JavaScript; \1 to \9, \0 and \\ as in SQL. */
export function expandReplacement(replacement: string, match: RegExpExecArray): string {
  if (!replacement.includes('$') && !replacement.includes('\\')) return replacement
  return replacement.replace(/\$\$|\$&|\$(\d\d?)|\$<([^>]*)>|\\(\d)|\\\\/g, (whole, number?: string, name?: string, digit?: string) => {
    if (whole === '$$') return '$'
    if (whole === '$&') return match[0]
    if (whole === '\\\\') return '\\'
    if (name !== undefined) return match.groups ? (match.groups[name] ?? '') : whole
    if (digit !== undefined) return match[Number(digit)] ?? ''
    // $12 is group 12 where there is one, else group 1 and a 2.
    const two = Number(number)
    if (two >= 1 && two < match.length) return match[two] ?? ''
    const one = Number(number![0])
    return number!.length === 2 && one >= 1 && one < match.length ? (match[one] ?? '') + number![1] : whole
  })
}

/** `text` with the `occurrence`-th match from character `start` on replaced; with occurrence 0 all of them. */
export function replaceMatches(regex: RegExp, text: string, replacement: string, { start, occurrence }: RegexPlace): string {
  const one = occurrence > 0 ? findMatch(regex, text, { start, occurrence }) : null
  const matches = occurrence > 0 ? (one ? [one] : []) : allMatches(regex, text, start)
  if (matches.length === 0) return text
  let out = ''
  let end = 0
  for (const match of matches) {
    out += text.slice(end, match.index) + expandReplacement(replacement, match)
    end = match.index + match[0].length
  }
  return out + text.slice(end)
}

/** The parts of `text` between matches; groups add nothing. An empty match splits between two characters. */
export function splitByMatches(regex: RegExp, text: string): string[] {
  const parts: string[] = []
  let end = 0
  for (const match of allMatches(regex, text, 0)) {
    const after = match.index + match[0].length
    if (match[0] === '' && (after === 0 || after === end || after === text.length)) continue
    parts.push(text.slice(end, match.index))
    end = after
  }
  parts.push(text.slice(end))
  return parts
}
