// Patterns of times as strftime has them: %Y-%m-%d %H:%M:%S. What they are made of, and reading text by them; writing text is time-format.ts's.
//   %Y %y year   %m month  %b %B its name   %d %e day   %j day of the year   %a %A day of the week   %u 1–7 from Monday  %w 0–6 from Sunday
//   %G ISO year  %V ISO week   %q quarter   %H hour  %I 1–12 with %p AM or PM   %M minute   %S second   %3f %6f %9f digits of a fraction, %f is %6f
//   %z +0100  %:z +01:00  %Z the zone's name   %s seconds since 1970   %F is %Y-%m-%d  %T is %H:%M:%S  %R is %H:%M   %% is %. %-d and such have no zeros before.

/** A piece of a pattern: text as it is, or a part by its letter; `bare` leaves zeros out, `digits` are those of a fraction. */
export type Piece = string | { readonly code: string; readonly bare: boolean; readonly digits: number }

/** Names of months and days, English; weeks begin on Monday. */
export const monthNames = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
export const dayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

const expanded: Record<string, string> = { F: '%Y-%m-%d', T: '%H:%M:%S', R: '%H:%M' }
const dateCodes = 'YymbBdejaAuwGVqzs'
const clockCodes = 'HIpMSf'
const parsed = 'YymbBdejaAHIpMSfzs'

/** The pieces of a pattern; a string says what is wrong with it. */
export function piecesOf(pattern: string): readonly Piece[] | string {
  const pieces: Piece[] = []
  let rest = pattern.replace(/%([FTR])/g, (whole, code: string) => expanded[code] ?? whole)
  while (rest !== '') {
    const match = /^%(-?)(?:([369])f|(:z)|([A-Za-z%]))/.exec(rest)
    if (rest[0] === '%') {
      if (!match) return `"${rest.slice(0, 2)}" in the pattern "${pattern}" is no part of a time`
      const code = match[2] ? 'f' : match[3] ? ':z' : match[4]!
      if (code === '%') pieces.push('%')
      else if (![...dateCodes, ...clockCodes, 'Z', ':z'].includes(code)) return `"%${code}" in the pattern "${pattern}" is no part of a time; there are %Y %m %d %H %M %S and others`
      else pieces.push({ code, bare: match[1] === '-', digits: Number(match[2] ?? 6) })
      rest = rest.slice(match[0].length)
    } else {
      const text = /^[^%]+/.exec(rest)![0]
      pieces.push(text)
      rest = rest.slice(text.length)
    }
  }
  return pieces
}

/** Why a pattern doesn't do for a kind of times, or undefined where it does. */
export function checkPattern(pattern: unknown, kind: 'date' | 'time' | 'timestamp', reads: boolean): string | undefined {
  if (typeof pattern !== 'string' || pattern === '') return "a pattern is text such as '%Y-%m-%d %H:%M:%S'"
  const pieces = piecesOf(pattern)
  if (typeof pieces === 'string') return pieces
  const codes = pieces.flatMap(piece => (typeof piece === 'string' ? [] : [piece.code]))
  const odd = codes.find(code => (kind === 'time' && !clockCodes.includes(code)) || (reads && !parsed.includes(code.replace(':', ''))))
  if (odd) return reads && kind !== 'time' ? `%${odd} can be written but not read` : `a time of day has no %${odd}`
  const has = (wanted: string) => codes.some(code => wanted.includes(code))
  if (reads && kind !== 'time' && !has('s') && !(has('Yy') && ((has('mbB') && has('de')) || has('j')))) return `the pattern "${pattern}" names no whole date; it needs %Y, %m and %d, or %s`
  return undefined
}

/** What a text says by a pattern: days since 1970, seconds of the day, nanoseconds, and the offset from UTC in seconds where it has one. */
export interface ReadTime {
  readonly days: number
  readonly seconds: number
  readonly nanos: number
  readonly offset: number | undefined
}

type Fields = Record<string, number | undefined>

/** Reads `text` by the pieces of a pattern, all of it; undefined where it doesn't fit or names a day or time that doesn't exist. Blanks fit any run of blanks. */
export function readTime(pieces: readonly Piece[], text: string): ReadTime | undefined {
  const fields: Fields = {}
  let at = 0
  for (const piece of pieces) {
    const end = typeof piece === 'string' ? skipText(piece, text, at) : readPart(piece.code, text, at, fields)
    if (end < 0) return undefined
    at = end
  }
  return at === text.length ? timeOf(fields) : undefined
}

function skipText(piece: string, text: string, at: number): number {
  for (const c of piece.replace(/\s+/g, ' ')) {
    if (/\s/.test(c)) {
      if (!/\s/.test(text[at] ?? '')) return -1
      while (at < text.length && /\s/.test(text[at]!)) at++
    } else if (text.startsWith(c, at)) at += c.length
    else return -1
  }
  return at
}

const widths: Record<string, number> = { m: 2, d: 2, e: 2, H: 2, I: 2, M: 2, S: 2, y: 2, j: 3, Y: 4 }

function readPart(code: string, text: string, at: number, fields: Fields): number {
  if (code === 'b' || code === 'B' || code === 'a' || code === 'A') return readName(code, text, at, fields)
  if (code === 'z' || code === ':z') {
    const match = /^(?:Z|([+-])(\d\d):?(\d\d))/.exec(text.slice(at, at + 6))
    if (!match) return -1
    fields['z'] = match[1] ? (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 3600 + Number(match[3]) * 60) : 0
    return at + match[0].length
  }
  if (code === 'p') {
    const half = text.slice(at, at + 2).toUpperCase()
    if (half !== 'AM' && half !== 'PM') return -1
    fields['p'] = half === 'PM' ? 12 : 0
    return at + 2
  }
  if (code === 'e') while (text[at] === ' ') at++
  const sign = code === 'Y' || code === 's' ? /^[+-]/.exec(text.slice(at, at + 1)) : null
  let end = at + (sign ? 1 : 0)
  const start = end
  // A signed year may have more than four digits.
  const width = code === 's' ? 15 : code === 'f' ? 9 : sign ? 6 : widths[code]!
  while (end < text.length && end - start < width && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end++
  if (end === start || (code === 'Y' && end - start < 4)) return -1
  const digits = text.slice(start, end)
  fields[code === 'e' ? 'd' : code] = Number(code === 'f' ? digits.padEnd(9, '0') : digits) * (sign?.[0] === '-' ? -1 : 1)
  return end
}

function readName(code: string, text: string, at: number, fields: Fields): number {
  const names = code.toLowerCase() === 'b' ? monthNames : dayNames
  const lower = text.slice(at, at + 9).toLowerCase()
  const whole = names.findIndex(name => lower.startsWith(name.toLowerCase()))
  const index = whole >= 0 ? whole : names.findIndex(name => lower.startsWith(name.slice(0, 3).toLowerCase()))
  if (index < 0) return -1
  if (names === monthNames) fields['m'] = index + 1
  return at + (whole >= 0 ? names[index]!.length : 3)
}

function timeOf(fields: Fields): ReadTime | undefined {
  const { s, z: offset, f: nanos = 0 } = fields
  if (s !== undefined) return { days: Math.floor(s / 86_400), seconds: s - Math.floor(s / 86_400) * 86_400, nanos, offset: 0 }
  // As POSIX has it: 69 to 99 are of the 20th century.
  const year = fields['Y'] ?? (fields['y'] === undefined ? 1970 : fields['y'] + (fields['y'] < 69 ? 2000 : 1900))
  const hour = fields['I'] === undefined ? (fields['H'] ?? 0) : fields['I'] < 1 || fields['I'] > 12 ? 24 : (fields['I'] % 12) + (fields['p'] ?? 0)
  const { M: minute = 0, S: second = 0 } = fields
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const days = dayOf(year, fields)
  return days === undefined ? undefined : { days, seconds: hour * 3600 + minute * 60 + second, nanos, offset }
}

function dayOf(year: number, { m: month = 1, d: day = 1, j: dayOfYear }: Fields): number | undefined {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  if (dayOfYear !== undefined) return dayOfYear >= 1 && dayOfYear <= (isLeap ? 366 : 365) ? daysOfDate(year, 1, 1) + dayOfYear - 1 : undefined
  if (month < 1 || month > 12 || day < 1) return undefined
  const length = month === 2 ? (isLeap ? 29 : 28) : 30 + ((month + (month >> 3)) & 1)
  return day <= length ? daysOfDate(year, month, day) : undefined
}

/** The days since 1970-01-01 of a date of the proleptic Gregorian calendar. Method: H. Hinnant, "chrono-compatible low-level date algorithms". */
export function daysOfDate(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}
