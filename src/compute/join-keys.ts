// Key columns of a join as what tables hold: 32-bit numbers, 64-bit words or views, equal exactly where the keys are equal. Keys of different types
// meet by their values: an int64 and a float64 as int64, where the float is whole; what one side can't hold meets nothing.
import { assert } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { binary, bitmapBytes, childrenOf, type DataType, int64, isFloat, isInteger, isNested, layoutOf, sameType, type TimeUnit, valueBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { decimalWords } from './join-decimals.ts'
import { encodeKeys } from './key-bytes.ts'

/**
 * How a pair of key columns is compared, as plain data. int32: as it lies. word: as 64 bits, `whole` numbers as int64 or uint64, times in `unit`, else
 * floats and bools. view: by bytes behind views, those of `nested` values made of their parts. bytes: by the bytes of the value, decimals at `scale`.
 */
export type KeyForm = { readonly form: 'int32' | 'word' | 'view' | 'bytes'; readonly whole?: 'int64' | 'uint64'; readonly unit?: TimeUnit; readonly scale?: number; readonly nested?: true }

/** A key a row, as its table holds it. Rows without a bit in `validity` meet nothing; 0: all have one. */
export interface JoinKeys {
  readonly kind: 'int32' | 'word' | 'view'
  readonly values: number
  readonly validity: number
}

const perSecond = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 } as const
const timed = (type: DataType): type is DataType & { unit: TimeUnit } => type.kind === 'timestamp' || type.kind === 'time' || type.kind === 'duration'

/** How keys of these two types meet; undefined where they can't be equal in any sense. Zones of timestamps don't matter. */
export function keyForm(a: DataType, b: DataType): KeyForm | undefined {
  if (a.kind === b.kind && (a.kind === 'int32' || a.kind === 'date')) return { form: 'int32' }
  if (isInteger(a) && isInteger(b)) return { form: 'word', whole: a.kind === 'uint64' && b.kind === 'uint64' ? 'uint64' : 'int64' }
  if (isFloat(a) && isFloat(b)) return { form: 'word' }
  if ((isInteger(a) && isFloat(b)) || (isFloat(a) && isInteger(b))) return { form: 'word', whole: a.kind === 'uint64' || b.kind === 'uint64' ? 'uint64' : 'int64' }
  const numeric = (type: DataType) => isInteger(type) || isFloat(type) || type.kind === 'decimal'
  if (numeric(a) && numeric(b)) return { form: 'bytes', scale: Math.max(a.kind === 'decimal' ? a.scale : 0, b.kind === 'decimal' ? b.scale : 0) }
  if (a.kind !== b.kind) return undefined
  if (timed(a) && timed(b)) return { form: 'word', unit: perSecond[a.unit] > perSecond[b.unit] ? a.unit : b.unit }
  if (a.kind === 'bool') return { form: 'word' }
  if (a.kind === 'utf8' || a.kind === 'binary') return { form: 'view' }
  if (isNested(a)) return sameParts(a, b) ? { form: 'view', nested: true } : undefined
  if (a.kind === 'interval' || (a.kind === 'fixedBinary' && sameType(a, b))) return { form: 'bytes' }
  return undefined
}

// Nulls within nested values are values like others, wherever they may be.
function sameParts(a: DataType, b: DataType): boolean {
  if (!isNested(a) || !isNested(b)) return sameType(a, b)
  const [parts, others] = [childrenOf(a), childrenOf(b)]
  const isSized = a.kind === 'fixedList' && b.kind === 'fixedList'
  return a.kind === b.kind && (!isSized || a.size === b.size) && parts.length === others.length && parts.every((part, i) => part.name === others[i]!.name && sameParts(part.type, others[i]!.type))
}

/** Which of the three kinds keys of these forms become. */
export function keyKind(forms: readonly KeyForm[]): JoinKeys['kind'] {
  const [first, second] = forms
  if (forms.length === 1) return first!.form === 'bytes' ? 'view' : first!.form
  return forms.length === 2 && first!.form === 'int32' && second!.form === 'int32' ? 'word' : 'view'
}

/** True where the bytes of keys of these forms are made by `joinKeys`, and don't lie where the columns' own lie. */
export function makesKeyBytes(forms: readonly KeyForm[]): boolean {
  return keyKind(forms) === 'view' && (forms.length > 1 || forms[0]!.form === 'bytes' || forms[0]!.nested === true)
}

/**
 * The keys of `rows` rows. Bytes behind views lie in `arena` or where the columns' own lie. Cost: nothing for one int32, int64, utf8 or timestamp
 * of one unit; 0.5–1 ns a row for other single keys and pairs of int32; 5–10 ns a row for several keys.
 */
export function joinKeys(device: Device, arena: Arena, columns: readonly Column[], forms: readonly KeyForm[], rows: number): JoinKeys {
  const kind = keyKind(forms)
  const validity = (columns: readonly { validity: number }[]) => columns.reduce((bits, column) => andBits(device, arena, bits, column.validity, rows), 0)
  if (forms.length === 1 && forms[0]!.form !== 'bytes') {
    const only = forms[0]!.form === 'word' ? words(device, arena, columns[0]!, forms[0]!) : forms[0]!.nested ? { values: encodeKeys(device, arena, columns[0]!), validity: columns[0]!.validity } : columns[0]!
    return { kind, values: only.values, validity: only.validity }
  }
  if (kind === 'word') {
    const values = arena.allocate(8 * rows)
    device.kernels.pairWords(columns[0]!.values, columns[1]!.values, rows, values)
    return { kind, values, validity: validity(columns) }
  }
  const parts = columns.map((column, i) => part(device, arena, column, forms[i]!))
  return { kind, values: sealed(device, arena, parts, rows), validity: validity(parts) }
}

/** The numbers of a column's type in the kernel `keyWords`. */
const kinds: Partial<Record<DataType['kind'], number>> = { int8: 0, uint8: 1, int16: 2, uint16: 3, int32: 4, uint32: 5, int64: 6, uint64: 6, bool: 7, float32: 8, float64: 9, float16: 10 }

/** A column of numbers as int64, each exact; `validity` lacks those that aren't. Also what orders keys: floats that aren't whole need `floats`. */
function words(device: Device, arena: Arena, column: Column, form: KeyForm): { values: number; validity: number } {
  const { kernels } = device
  const { type, length, validity } = column
  const out = () => arena.allocate(8 * length)
  const fitting = (values: number, fits: number, count: number) => ({ values, validity: count === length ? validity : andBits(device, arena, validity, fits, length) })
  if (timed(type)) {
    const factor = BigInt(perSecond[form.unit!] / perSecond[type.unit])
    if (factor === 1n) return column
    const [values, fits] = [out(), arena.allocate(bitmapBytes(length))]
    return fitting(values, fits, kernels.scaleWords(column.values, factor, length, values, fits))
  }
  if (form.whole && isFloat(type)) {
    const [values, fits] = [out(), arena.allocate(bitmapBytes(length))]
    return fitting(values, fits, kernels.wholeWords(kinds[type.kind]!, form.whole === 'uint64' ? 1 : 0, column.values, length, values, fits))
  }
  if (type.kind === 'uint64' && form.whole === 'int64') {
    const [values, fits] = [out(), arena.allocate(bitmapBytes(length))]
    return fitting(values, fits, kernels.signedWords(column.values, length, values, fits))
  }
  if (type.kind === 'int64' || type.kind === 'uint64') return column
  const values = out()
  kernels.keyWords(kinds[type.kind]!, column.values, length, values)
  return { values, validity }
}

interface Part {
  /** Bytes of each value; 0 for views. */
  readonly size: number
  readonly values: number
  readonly validity: number
}

function part(device: Device, arena: Arena, column: Column, form: KeyForm): Part {
  switch (form.form) {
    case 'int32':
      return { size: 4, values: column.values, validity: column.validity }
    case 'word':
      return { size: 8, ...words(device, arena, column, form) }
    case 'view':
      return { size: 0, values: form.nested ? encodeKeys(device, arena, column) : column.values, validity: column.validity }
    case 'bytes': {
      const exact = form.scale === undefined || (column.type.kind === 'decimal' && column.type.scale === form.scale)
      if (exact) return { size: valueBytes(column.type, 1), values: column.values, validity: column.validity }
      const whole = column.type.kind === 'decimal' || isFloat(column.type) ? column : { ...column, type: int64, ...words(device, arena, column, { form: 'word', whole: column.type.kind === 'uint64' ? 'uint64' : 'int64' }) }
      return { size: 16, ...decimalWords(device, arena, whole, form.scale, column.type.kind === 'uint64') }
    }
  }
}

function sealed(device: Device, arena: Arena, parts: readonly Part[], rows: number): number {
  const { kernels, memory } = device
  const lengths = arena.allocate(4 * rows)
  memory.uint32s(lengths, rows).fill(parts.reduce((sum, { size }) => sum + size, 0))
  for (const { size, values } of parts) if (size === 0) kernels.addViewLengths(values, rows, lengths)
  let bytes = 0
  for (const length of memory.uint32s(lengths, rows)) bytes += length
  const cursors = arena.allocate(4 * rows)
  const heap = arena.allocate(bytes)
  const placed = kernels.layKeys(lengths, rows, heap, cursors)
  assert(placed === bytes, `${placed} bytes of keys in ${bytes}`)
  for (const { size, values } of parts) {
    if (size === 0) kernels.putViews(values, rows, cursors)
    else kernels.putFixed(values, size, rows, cursors)
  }
  const views = allocateColumn(arena, binary, rows)
  kernels.sealKeys(lengths, rows, cursors, views.values)
  return views.values
}

/** True for types whose values can be a join's keys. */
export function canBeKey(type: DataType): boolean {
  return keyForm(type, type) !== undefined && layoutOf(type) !== 'none'
}
