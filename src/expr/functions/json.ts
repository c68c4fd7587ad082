// JSON in text columns: values by a path, their types, and any value as JSON. And bytes as text: hex and base64.
import { DataError } from '../../base/errors.ts'
import { allocateColumn, type Column } from '../../batch/batch.ts'
import { binary, bitmapBytes, utf8, valueBytes } from '../../batch/data-type.ts'
import { parseType, typeName } from '../../batch/type-name.ts'
import { valueReader } from '../../batch/read-values.ts'
import { storedWriter } from '../../batch/write-values.ts'
import { canCast, cast } from '../../compute/cast.ts'
import { columnToJson } from '../../compute/column-json.ts'
import { findJsonTexts } from '../../compute/json-find.ts'
import { jsonType, parsePath, type PathStep } from '../../compute/json-path.ts'
import { mapToText, overDistinct } from '../../compute/text-rows.ts'
import type { Argument, CallOptions, Evaluation, ExpressionFunction, Signature } from '../function.ts'
import { prefix } from '../function.ts'
import { ownType, partial, strict } from '../typing.ts'

function stepsOf({ path = '$' }: CallOptions): readonly PathStep[] {
  return parsePath(String(path)) as readonly PathStep[]
}

function checkedPath({ path = '$' }: CallOptions, signature: Signature | undefined): Signature | string | undefined {
  const steps = parsePath(String(path))
  return typeof steps === 'string' ? steps : signature
}

/** The value at the option `path` as the type of the option `to`, utf8 if absent; null where there is none. */
const jsonExtract: ExpressionFunction = {
  name: 'jsonExtract',
  type(args, options) {
    const { type } = parseType(String(options['to'] ?? 'utf8'), 'jsonExtract')
    if (!canCast(utf8, type)) return `JSON gives no ${typeName(type)}; take its parts, or its text`
    return checkedPath(options, partial(args, ['text'], type))
  },
  evaluate(at, [a], options, type) {
    const { device, arena } = at
    const steps = stepsOf(options)
    const texts = overDistinct(device, arena, a as Column, column => findJsonTexts(device, arena, column, steps))
    return cast(device, arena, texts, type, false, at)
  },
  byPosition: { operands: 1, options: ['path', 'to'] },
  describe: prefix('jsonExtract', ['path', 'to']),
}

/** object, array, string, number, bool or null: of the value at the option `path`; null where there is none. */
const jsonTypeFunction: ExpressionFunction = {
  name: 'jsonType',
  type: (args, options) => checkedPath(options, partial(args, ['text'], utf8)),
  evaluate({ device, arena }, [a], options) {
    const steps = stepsOf(options)
    return overDistinct(device, arena, a as Column, column => mapToText(device, arena, 'jsonType', [column], (text: string) => jsonType(text, steps)))
  },
  byPosition: { operands: 1, options: ['path'] },
  describe: prefix('jsonType', ['path']),
}

/** The value as JSON, as write.ndjson has it. */
const toJson: ExpressionFunction = {
  name: 'toJson',
  type([a]) {
    const type = a && ownType(a)
    return type && { args: [type], type: utf8, nullable: a.nullable }
  },
  evaluate: ({ device, arena }, [a]) => columnToJson(device, arena, a as Column),
  describe: prefix('toJson'),
}

const encodings = ['hex', 'base64']
const wrongEncoding = ({ encoding }: CallOptions) => (encodings.includes(String(encoding)) ? undefined : `"${encoding}" is no encoding; there are ${encodings.join(' and ')}`)

/** Bytes, or the UTF-8 of text, as text: the option `encoding` is hex or base64. */
const encode: ExpressionFunction = {
  name: 'encode',
  type([a], options) {
    const type = a && ownType(a)
    if (type?.kind !== 'utf8' && type?.kind !== 'binary') return undefined
    return wrongEncoding(options) ?? { args: [type], type: utf8, nullable: a!.nullable }
  },
  evaluate: ({ device, arena }, [a], { encoding }) =>
    mapToText(device, arena, 'encode', [{ ...(a as Column), type: binary }], (bytes: Uint8Array) => (encoding === 'hex' ? toHex(bytes) : toBase64(bytes))),
  byPosition: { operands: 1, options: ['encoding'] },
  describe: prefix('encode', ['encoding']),
}

function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 0x2000) text += String.fromCharCode(...bytes.subarray(i, i + 0x2000))
  return btoa(text)
}

function fromText(text: string, encoding: unknown): Uint8Array | undefined {
  if (encoding === 'hex') return /^([0-9a-f]{2})*$/i.test(text) ? Uint8Array.from(text.match(/../g) ?? [], pair => Number.parseInt(pair, 16)) : undefined
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  try {
    return Uint8Array.from(atob(text), c => c.charCodeAt(0))
  } catch {
    return undefined
  }
}

/** Text as the bytes that it encodes. `tryDecode` gives null where `decode` fails with a DataError DECODE. */
const decoding = (name: 'decode' | 'tryDecode'): ExpressionFunction => ({
  name,
  type: (args: readonly Argument[], options) => wrongEncoding(options) ?? (name === 'decode' ? strict : partial)(args, ['text'], binary),
  evaluate: (at, [a], { encoding }) => decodeTexts(at, a as Column, encoding, name === 'tryDecode'),
  byPosition: { operands: 1, options: ['encoding'] },
  describe: prefix(name, ['encoding']),
})

function decodeTexts({ device, arena, active, where }: Evaluation, column: Column, encoding: unknown, tried: boolean): Column {
  const rows = column.length
  const out = allocateColumn(arena, binary, rows)
  const known = arena.allocateZeroed(bitmapBytes(rows))
  device.memory.bytes(out.values, valueBytes(binary, rows)).fill(0)
  const [read, write] = [valueReader(device.memory, column), storedWriter(device, arena, out)]
  for (let row = 0; row < rows; row++) {
    const text = read(row) as string | null
    const bytes = text === null ? undefined : fromText(text, encoding)
    const counts = active === 0 || (device.memory.bytes(active, bitmapBytes(rows))[row >>> 3]! >>> (row & 7)) & 1
    if (text !== null && bytes === undefined && !tried && counts) {
      const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text)
      throw new DataError('DECODE', `${where}: ${shown} is no ${encoding} in row ${row} of a batch; use tryDecode for null instead`)
    }
    if (bytes === undefined) continue
    write(row, bytes)
    device.memory.bytes(known, bitmapBytes(rows))[row >>> 3]! |= 1 << (row & 7)
  }
  return { ...out, validity: known }
}

/** jsonExtract jsonType toJson encode decode tryDecode. */
export const jsonFunctions: readonly ExpressionFunction[] = [jsonExtract, jsonTypeFunction, toJson, encode, decoding('decode'), decoding('tryDecode')]
