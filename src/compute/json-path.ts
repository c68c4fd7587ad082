// A part of a JSON text by its path, without reading the rest: what is skipped is only looked at for its brackets and quotes, and what lies behind the part
// not at all. Numbers keep all their digits, since the part is given as it stands in the text.

/** A step of a path: a member by name, or an item by its place, from the end below 0. */
export type PathStep = string | number

/** The steps of $.a.b[0]['c d'] ($ alone is the whole text); a string says what is wrong with the path. */
export function parsePath(path: string): readonly PathStep[] | string {
  const steps: PathStep[] = []
  let rest = path.startsWith('$') ? path.slice(1) : /^[[.]/.test(path) ? path : `.${path}`
  while (rest !== '') {
    const match = /^\.([\p{L}\p{N}_$-]+)|^\[(-?\d{1,9})\]|^\[("(?:[^"\\]|\\.)*")\]|^\['((?:[^'\\]|\\.)*)'\]/u.exec(rest)
    if (!match) return `"${rest}" in the path "${path}" is no step; steps are .name, ['name'] and [0]`
    if (match[1] !== undefined) steps.push(match[1])
    else if (match[2] !== undefined) steps.push(Number(match[2]))
    else if (match[3] !== undefined) steps.push(unquoted(match[3]))
    else steps.push(match[4]!.replace(/\\(.)/g, '$1'))
    rest = rest.slice(match[0].length)
  }
  return steps
}

function unquoted(text: string): string {
  try {
    return JSON.parse(text) as string
  } catch {
    return text.slice(1, -1)
  }
}

/** The text of the value at a path, blanks around it left out; undefined where there is none, or the text isn't JSON up to there. */
export function findJson(text: string, steps: readonly PathStep[]): string | undefined {
  let at = skipBlanks(text, 0)
  for (const step of steps) {
    at = typeof step === 'string' ? memberAt(text, at, step) : itemAt(text, at, step)
    if (at < 0) return undefined
  }
  const end = skipValue(text, at)
  return end < 0 ? undefined : text.slice(at, end)
}

function skipBlanks(text: string, at: number): number {
  while (at < text.length) {
    const c = text.charCodeAt(at)
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) break
    at++
  }
  return at
}

// Behind the string that begins at `at`, or -1.
function skipString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 92) i++
    else if (c === 34) return i + 1
  }
  return -1
}

// Behind the value that begins at `at`, or -1.
function skipValue(text: string, at: number): number {
  const c = text[at]
  if (c === '"') return skipString(text, at)
  if (c === '{' || c === '[') {
    let depth = 0
    for (let i = at; i < text.length; ) {
      const d = text[i]!
      if (d === '"') {
        i = skipString(text, i)
        if (i < 0) return -1
        continue
      }
      if (d === '{' || d === '[') depth++
      else if ((d === '}' || d === ']') && --depth === 0) return i + 1
      i++
    }
    return -1
  }
  const match = /(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y
  match.lastIndex = at
  return match.test(text) ? match.lastIndex : -1
}

// Where the value of the last member of that name begins, or -1: as JSON.parse has it, the last one counts.
function memberAt(text: string, at: number, name: string): number {
  if (text[at] !== '{') return -1
  let found = -1
  for (let i = skipBlanks(text, at + 1); text[i] === '"'; ) {
    const end = skipString(text, i)
    if (end < 0) return -1
    const colon = skipBlanks(text, end)
    if (text[colon] !== ':') return -1
    const value = skipBlanks(text, colon + 1)
    if (sameName(text.slice(i, end), name)) found = value
    const after = skipValue(text, value)
    if (after < 0) return found
    const next = skipBlanks(text, after)
    if (text[next] !== ',') break
    i = skipBlanks(text, next + 1)
  }
  return found
}

function sameName(quoted: string, name: string): boolean {
  return quoted.includes('\\') ? unquoted(quoted) === name : quoted.length === name.length + 2 && quoted.startsWith(name, 1)
}

// Where the item at a place begins, or -1.
function itemAt(text: string, at: number, place: number): number {
  if (text[at] !== '[') return -1
  const starts: number[] = []
  for (let i = skipBlanks(text, at + 1); i < text.length && text[i] !== ']'; ) {
    if (starts.length === place) return i
    starts.push(i)
    const after = skipValue(text, i)
    if (after < 0) return -1
    const next = skipBlanks(text, after)
    if (text[next] !== ',') break
    i = skipBlanks(text, next + 1)
  }
  return place < 0 ? (starts[starts.length + place] ?? -1) : -1
}

/** What a JSON text at a path says as text: a string without its quotes, anything else as it stands; null for null and what isn't there. */
export function jsonText(text: string, steps: readonly PathStep[]): string | null {
  const found = findJson(text, steps)
  if (found === undefined || found === 'null') return null
  if (found[0] !== '"') return found
  try {
    return JSON.parse(found) as string
  } catch {
    return null
  }
}

/** object, array, string, number, bool or null; null where nothing is there. */
export function jsonType(text: string, steps: readonly PathStep[]): string | null {
  const found = findJson(text, steps)
  if (found === undefined) return null
  const byFirst: Record<string, string> = { '{': 'object', '[': 'array', '"': 'string', t: 'bool', f: 'bool', n: 'null' }
  return byFirst[found[0]!] ?? 'number'
}
