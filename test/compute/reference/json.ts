// JSON records to rows, plainly: JSON.parse says what is JSON, a small reader keeps numbers as they are written and every repeated key.
import { random as seeded, type Random } from '../../../src/base/random.ts'
import { parseSchema } from '../../../src/batch/schema.ts'
import type { Field } from '../../../src/batch/schema.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { decodeJsonRecords, splitLines } from '../../../src/compute/json.ts'
import { type JsonField, jsonFields } from '../../../src/compute/json-tables.ts'
import { laidOut } from '../../support/json-records.ts'
import { rowsOf, type Shape } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

/** A JSON value: its text, for objects all pairs in order, for arrays the items. */
export interface Node {
  readonly text: string
  readonly pairs?: readonly (readonly [string, Node])[]
  readonly items?: readonly Node[]
}

const looseDecoder = new TextDecoder('utf-8', { ignoreBOM: true })

// Lone surrogates as U+FFFD.
function wellFormed(text: string): string {
  return looseDecoder.decode(new TextEncoder().encode(text))
}

/** Reads text that JSON.parse has accepted. */
export function readNode(text: string): Node {
  let at = 0
  const space = () => {
    while (' \t\n\r'.includes(text[at]!) && at < text.length) at++
  }
  const string = (): string => {
    const start = at++
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
    return text.slice(start, ++at)
  }
  const value = (): Node => {
    space()
    const start = at
    if (text[at] === '{' || text[at] === '[') {
      const isObject = text[at++] === '{'
      const pairs: [string, Node][] = []
      for (space(); text[at] !== '}' && text[at] !== ']'; space()) {
        if (text[at] === ',') at++
        space()
        let key = ''
        if (isObject) {
          key = JSON.parse(string()) as string
          space()
          at++
        }
        pairs.push([wellFormed(key), value()])
      }
      at++
      return isObject ? { text: text.slice(start, at), pairs } : { text: text.slice(start, at), items: pairs.map(pair => pair[1]) }
    }
    if (text[at] === '"') string()
    else while (at < text.length && !',]} \t\n\r'.includes(text[at]!)) at++
    return { text: text.slice(start, at) }
  }
  return value()
}

/** Stands for a value that its type can't hold. */
export const refused = Symbol('refused')
export type Cell = Value | typeof refused

function wholeNumber(text: string, bits: number): bigint | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (!match) return undefined
  const [, sign, whole, fraction = '', exponent = '0'] = match
  let digits = `${whole}${fraction}`.replace(/^0+/, '')
  const trailing = /0*$/.exec(digits)![0].length
  const power = Number(exponent) - fraction.length + trailing
  digits = digits.slice(0, digits.length - trailing)
  if (digits === '') return 0n
  if (power < 0 || power > 40) return undefined
  const value = BigInt(sign + digits) * 10n ** BigInt(power)
  return BigInt.asIntN(bits, value) === value ? value : undefined
}

const perSecond = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n } as const
const iso = /^(\d{4})-(\d\d)-(\d\d)(?:[ Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?)?$/

/** Epoch count of an ISO text, or undefined. */
export function plainTime(text: string, unit: keyof typeof perSecond): bigint | undefined {
  const m = iso.exec(text)
  if (!m) return undefined
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(i => Number(m[i] ?? 0)) as [number, number, number, number, number, number]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) return undefined
  const [zoneHour, zoneMinute] = [Number(m[10] ?? 0), Number(m[11] ?? 0)]
  if (zoneHour > 23 || zoneMinute > 59) return undefined
  const zone = (m[9] === '-' ? -60 : 60) * (zoneHour * 60 + zoneMinute)
  const seconds = BigInt(date.getTime() / 1000 + hour * 3600 + minute * 60 + second - zone)
  const nanos = BigInt((m[7] ?? '').slice(0, 9).padEnd(9, '0'))
  const value = seconds * perSecond[unit] + nanos / (1_000_000_000n / perSecond[unit])
  if (unit === 'ns' && (seconds < -9223372036n || seconds > 9223372035n)) return undefined
  return value
}

function timeCell(node: Node, unit: keyof typeof perSecond): bigint | undefined {
  if (node.text[0] === '"') return plainTime(wellFormed(JSON.parse(node.text) as string), unit)
  const ms = wholeNumber(node.text, 64)
  if (ms === undefined) return undefined
  if (unit === 's') return ms >= 0n ? ms / 1000n : -((999n - ms) / 1000n)
  const value = ms * (perSecond[unit] / 1000n)
  return BigInt.asIntN(64, value) === value ? value : undefined
}

/** A value of a flat type. */
export function cellOf(node: Node, field: Field): Cell {
  const { text } = node
  const first = text[0]!
  const { type } = field
  const number = /[-0-9]/.test(first)
  if (text === 'null') return null
  switch (type.kind) {
    case 'bool':
      return text === 'true' || (text === 'false' ? false : refused)
    case 'int32':
    case 'int64': {
      const value = number ? wholeNumber(text, type.kind === 'int32' ? 32 : 64) : undefined
      return value === undefined ? refused : type.kind === 'int32' ? Number(value) : value
    }
    case 'float64':
      return number ? Number(text) : refused
    case 'utf8':
      return first === '"' ? wellFormed(JSON.parse(text) as string) : text
    case 'binary': {
      const base64 = first === '"' ? (JSON.parse(text) as string) : '!'
      const bare = base64.length % 4 === 0 ? base64.replace(/={1,2}$/, '') : base64
      const bytes = Buffer.from(bare, 'base64')
      return /^[A-Za-z0-9+/]*$/.test(bare) && bytes.toString('base64').replace(/=+$/, '') === bare ? new Uint8Array(bytes) : refused
    }
    case 'timestamp': {
      const value = number || first === '"' ? timeCell(node, type.unit) : undefined
      if (value === undefined) return refused
      return type.unit === 'us' || type.unit === 'ns' ? value : Number(value) * (type.unit === 's' ? 1000 : 1)
    }
    default:
      throw new Error(`no cells of ${type.kind}`)
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The row of a record, or undefined where it is refused. */
export function plainRow(bytes: Uint8Array, fields: readonly JsonField[]): Value[] | undefined {
  let root: Node
  try {
    const text = decoder.decode(bytes)
    const parsed: unknown = JSON.parse(text)
    if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) return undefined
    root = readNode(text)
  } catch {
    return undefined
  }
  const cells: (Cell | undefined)[] = fields.map(() => undefined)
  const isRefused = fill(root, [], fields, cells)
  if (isRefused || cells.some((cell, i) => cell === refused || ((cell ?? null) === null && !fields[i]!.nullable))) return undefined
  return cells.map(cell => (cell ?? null) as Value)
}

// Sets the cells below `node`; true where something below is of the wrong type.
function fill(node: Node, path: readonly string[], fields: readonly JsonField[], cells: (Cell | undefined)[]): boolean {
  for (const [key, child] of node.pairs ?? []) {
    const here = [...path, key]
    const below = fields.map((f, i) => i).filter(i => here.every((k, d) => (fields[i]!.path ?? [fields[i]!.name])[d] === k))
    const exact = below.find(i => (fields[i]!.path ?? [fields[i]!.name]).length === here.length)
    if (exact !== undefined) {
      cells[exact] = cellOf(child, fields[exact]!)
      if (cells[exact] === refused) return true
    } else if (below.length > 0) {
      for (const i of below) cells[i] = undefined
      if (child.pairs) {
        if (fill(child, here, fields, cells)) return true
      } else if (child.text !== 'null') return true
    }
  }
  return false
}

/** Columns of every type, two of them inside objects. */
export const sampleFields = jsonFields(
  parseSchema(
    {
      id: 'int64',
      small: 'int32?',
      ratio: 'float64?',
      name: 'utf8?',
      'bid.price': 'float64?',
      'bid.at.when': 'timestamp[ms]?',
      ok: 'bool?',
      nanos: 'timestamp[ns]?',
      seconds: 'timestamp[s]?',
      raw: 'binary?',
      'a key longer than fourteen bytes': 'utf8?',
    },
    'sample',
  ),
  { paths: { 'bid.price': 'bid.price', 'bid.at.when': 'bid.at.when' } },
  'sample',
)

/** One of the list. */
export const pick = <T>(r: Random, ...list: readonly T[]): T => list[r.int(list.length)]!

export function sampleString(r: Random): string {
  const parts = [
    'a',
    'Z',
    '€',
    '😀',
    'ä',
    '\\n',
    '\\u0041',
    '\\ud83d\\ude00',
    '\\ud800',
    '\\"',
    '\\\\',
    '\\/',
    '\\u00e9',
    ' ',
    'sixteen bytes of',
    '0',
    '{',
    ']',
    ',',
    ':',
    '\u007f',
  ]
  return `"${Array.from({ length: r.int(4) === 0 ? r.int(40) : r.int(6) }, () => (r.int(3) ? 'x' : pick(r, ...parts))).join('')}"`
}

export function sampleNumber(r: Random): string {
  return pick(
    r,
    () => String(r.int(1000) - 500),
    () => String(r.uint32()),
    () => '0',
    () => '-0',
    () => '9223372036854775807',
    () => '-9223372036854775808',
    () => '9223372036854775808',
    () => '1.0',
    () => '1e3',
    () => '-1.5E-2',
    () => String(r.float()),
    () => String((r.float() - 0.5) * 10 ** (r.int(600) - 300)),
    () => '1e400',
    () => '123456789012345678901234567890',
    () => '0.1000000000000000055511151231257827021181583404541015625',
    () => '9007199254740993',
    () => `${r.uint32()}.${r.uint32()}${r.uint32()}`,
    () => '2147483648',
    () => '12345678',
    () => '1234567890123456',
  )()
}

export function sampleTime(r: Random): string {
  const ms = new Date(Math.floor(r.float() * 4e12)).toISOString()
  return `"${pick(r, ms, ms.replace('T', ' ').slice(0, 19), ms.slice(0, 10), ms.replace('Z', '+02:00'), ms.replace('Z', '-0530'), ms.replace('Z', '123456Z'), '2024-02-29 12:00', r.int(8) ? '2026-01-01' : pick(r, 'soon', '2026-02-30', '2026-01-01T24:00'))}"`
}

export function sampleAny(r: Random, depth: number): string {
  const space = () => (r.int(6) ? '' : pick(r, ' ', '\t', '\r', ' \n '))
  const many = (item: () => string) => Array.from({ length: r.int(4) }, () => space() + item() + space()).join(',')
  const scalar = () => pick(r, 'true', 'false', 'null', sampleNumber(r), sampleString(r))
  if (depth > 3) return scalar()
  return pick(
    r,
    scalar,
    () => `[${many(() => sampleAny(r, depth + 1))}]`,
    () => `{${many(() => `${sampleString(r)}${space()}:${space()}${sampleAny(r, depth + 1)}`)}}`,
  )()
}

/** A record that mostly fits `sampleFields`: fields in any order, some absent, repeated, null, unknown or of another type. */
export function sampleRecord(r: Random, shape: Shape): string {
  const wild = shape === 'extreme' ? 10 : 100
  const space = () => (r.int(5) ? '' : pick(r, ' ', '  ', '\t', '\r'))
  const nullable = (text: string) =>
    shape === 'allNull' || (shape === 'nulls' && r.int(3) === 0) ? 'null' : r.int(wild) === 0 ? sampleAny(r, 0).replaceAll('\n', ' ') : text
  const whole = () => pick(r, String(r.int(100_000)), '7', '1234567890')
  const makers: (() => string)[] = [
    () => `"id"${space()}:${space()}${whole()}`,
    () => `"small":${nullable(whole())}`,
    () => `"ratio":${nullable(sampleNumber(r))}`,
    () => `"name":${nullable(sampleString(r))}`,
    () => `"bid":${nullable(`{"price":${nullable(sampleNumber(r))}${r.int(2) ? `,"at":{"when":${nullable(sampleTime(r))}}` : ''}}`)}`,
    () => `"ok":${nullable(pick(r, 'true', 'false'))}`,
    () => `"nanos":${nullable(sampleTime(r))}`,
    () => `"seconds":${nullable(r.int(2) ? sampleTime(r) : whole())}`,
    () =>
      `"raw":${nullable(pick(r, '"AAEC"', '"/+8="', '"YQ=="', '""', '"dGhpcyBpcyBsb25nZXIgdGhhbiB0d2VsdmU"', r.int(8) ? '""' : pick(r, '"!"', '"A"', '"YR=="')))}`,
    () => `"a key longer than fourteen bytes":${nullable(sampleString(r))}`,
    () => `"\\u006eame":${sampleString(r)}`,
    () => `${sampleString(r)}:${sampleAny(r, 1).replaceAll('\n', ' ')}`,
  ]
  const order = shape === 'few' ? makers.slice(0, 10) : makers.filter((_, i) => i === 0 || r.int(4) > 0).sort(() => r.int(3) - 1)
  if (shape === 'extreme') order.push(pick(r, ...makers))
  return `${space()}{${order.map(make => space() + make() + space()).join(',')}}${space()}`
}

/** Bytes of `text` with `changes` places changed, cut, doubled or put in. */
export function mutate(r: Random, text: string, changes: number): Uint8Array {
  let bytes = [...new TextEncoder().encode(text)]
  for (let i = 0; i < changes; i++) {
    const at = r.int(bytes.length + 1)
    const byte = pick(r, r.int(256), 34, 92, 123, 125, 91, 93, 44, 58, 48, 46, 0, 9, 0xc3, 0xed, 0xff)
    if (r.int(4) === 0) bytes.splice(at, 1 + r.int(3))
    else if (r.int(3) === 0) bytes.splice(at, 0, byte)
    else if (r.int(6) === 0) bytes = [...bytes.slice(0, at), ...bytes.slice(r.int(bytes.length + 1))]
    else bytes[at] = byte
  }
  return Uint8Array.from(bytes)
}

export const jsonAgreement = agreement({
  stem: 'json-decode',
  kernels: ['decodeJson'],
  sample: (random, length, shape) =>
    Array.from({ length }, () => (random.int(8) ? new TextEncoder().encode(sampleRecord(random, shape)) : mutate(random, sampleRecord(random, shape), 1))),
  reference: records => {
    const rows = records.map(record => plainRow(record, sampleFields))
    return { rows: rows.filter(row => row !== undefined), kept: rows.flatMap((row, i) => (row ? [i] : [])), bad: rows.flatMap((row, i) => (row ? [] : [i])) }
  },
  compute(device, arena, records) {
    const { batch, rowOfRecord, errors } = decodeJsonRecords(device, arena, laidOut(device, arena, records), sampleFields, 'sample')
    return { rows: rowsOf(device, batch), kept: [...device.memory.uint32s(rowOfRecord, batch.rowCount)], bad: errors.map(e => e.record) }
  },
})

export const linesAgreement = agreement({
  stem: 'lines',
  kernels: ['splitLines'],
  sample(random, length) {
    const line = () => pick(random, '', '\r', ' ', '{}', '{}\r', 'x'.repeat(random.int(100)), 'é', ' \t\r')
    return {
      text: Array.from({ length }, () => line() + '\n').join('') + pick(random, '', 'tail', ' '),
      isLast: random.int(2) === 1,
      max: random.int(2) ? length + 1 : seeded(length).int(length + 1),
    }
  },
  reference({ text, isLast, max }) {
    const lines: string[] = []
    let at = 0
    while (true) {
      const end = text.indexOf('\n', at)
      if (end < 0 && !(isLast && at < text.length && lines.length < max)) break
      const line = text.slice(at, end < 0 ? text.length : end).replace(/\r$/, '')
      if (end >= 0 && lines.length === max) break
      if (!/^[ \t\r]*$/.test(line)) lines.push(line)
      at = end < 0 ? text.length : end + 1
    }
    return { lines, taken: new TextEncoder().encode(text.slice(0, at)).length }
  },
  compute(device, arena, { text, isLast, max }) {
    const bytes = new TextEncoder().encode(text)
    const address = arena.allocate(bytes.length)
    device.memory.write(address, bytes)
    const { pairs, count, taken } = splitLines(device, arena, address, bytes.length, isLast, max)
    const words = device.memory.uint32s(pairs, 2 * count)
    return { lines: Array.from({ length: count }, (_, i) => device.memory.text(words[2 * i]!, words[2 * i + 1]!)), taken }
  },
})
