// Columns as fused pipelines read them: eight rows at a time, from wherever their values lie in the fewest bytes.
import type { Column } from '../batch/batch.ts'
import { type DataType, layoutOf } from '../batch/data-type.ts'
import type { Access, Local } from '../device/wasm-code.ts'
import type { Emitter } from './emitter.ts'
import { int16Range, isWithin, type Parts, type Range, rangeOf, type Value } from './value.ts'

/** How a column's values lie. `codes`: they are read by their codes only. `range` as powers of two, so that few forms occur. */
export interface ColumnForm {
  readonly bits: 1 | 8 | 16 | 32 | 64
  readonly valid: boolean
  readonly codes?: boolean
  readonly range?: Range
}

/** What the function finds behind its arguments' address, in this order, as 32-bit numbers: see `addressesOf`. */
export type Slot =
  | { readonly kind: 'values' | 'validity'; readonly column: number }
  | { readonly kind: 'code'; readonly column: number; readonly text: string }
  | { readonly kind: 'stride'; readonly key: number }
  | { readonly kind: 'null'; readonly key: number }

/** The 32-bit numbers before the slots: rows, the state's address, and, of grouped sums, the table of entries, how many slots it has and whether to fold. */
export const firstSlot = 5

/** Slots that the arguments have room for. */
export const slotsMax = 1024
/** Behind them lie the marks of a block's rows, a bit each: see `marked-rows.ts`. */
export const marksAt = 4 * (firstSlot + slotsMax + 1)

/** The form of a column; undefined where fused pipelines can't read it. */
export function formOf(column: Column): ColumnForm | undefined {
  const { type, codes, narrow, range } = column
  const valid = column.validity !== 0
  if (codes && isText(type)) return { bits: 32, valid, codes: true }
  if (narrow) return { bits: narrow.bits, valid, range: rounded(range) ?? signed(narrow.bits) }
  const bits = ({ bit: 1, word1: 8, word2: 16, word4: 32, word8: 64 } as const)[layoutOf(type) as 'bit']
  if (!bits || type.kind === 'uint64' || type.kind === 'float16') return undefined
  const least = rounded(range) ?? rangeOf(type)
  return { bits, valid, ...(least && { range: least }) }
}

/** The form that a column of a type has at best: what a plan can count on. */
export function likelyForm(type: DataType): ColumnForm | undefined {
  if (isText(type)) return { bits: 32, valid: false, codes: true }
  const range = { min: 0, max: 100 }
  if (type.kind === 'decimal') return formOf({ type, length: 0, values: 0, validity: 0, narrow: { values: 0, bits: 8 }, range })
  return formOf({ type, length: 0, values: 0, validity: 0, ...(type.kind === 'int64' && { range }) })
}

/** What says a form in a key. */
export function formText(form: ColumnForm | undefined): string {
  return form ? `${form.bits}${form.valid ? 'n' : ''}${form.codes ? 'c' : ''}${form.range ? `:${form.range.least}:${form.range.most}` : ''}` : '-'
}

/** The address of a column's values as its form reads them. */
export function addressOf(column: Column): number {
  if (column.codes && isText(column.type)) return column.codes.values
  return column.narrow ? column.narrow.values : column.values
}

function isText({ kind }: DataType): boolean {
  return kind === 'utf8' || kind === 'binary'
}

function signed(bits: number): Range {
  return { least: -(2n ** BigInt(bits - 1)), most: 2n ** BigInt(bits - 1) - 1n }
}

function rounded(range: { readonly min: number; readonly max: number } | undefined): Range | undefined {
  if (!range || !Number.isSafeInteger(range.min) || !Number.isSafeInteger(range.max)) return undefined
  const up = (value: number) => (value <= 0 ? 0n : 2n ** BigInt(Math.ceil(Math.log2(value + 1))) - 1n)
  return { least: range.min >= 0 ? 0n : -up(-range.min) - 1n, most: up(range.max) }
}

/** Loads columns; each is loaded once an iteration. */
export class ColumnLoads {
  readonly #emitter: Emitter
  readonly #slots: Slot[]
  readonly #pointers: Map<string, { local: Local; step: number }>
  readonly #types: readonly DataType[]
  readonly #forms: readonly (ColumnForm | undefined)[]
  readonly #loaded = new Map<number, Value | undefined>()
  readonly #eights: Local | undefined
  /** `shared` is the first of several that load for the same function: its pointers are used. `eights`: how many times eight rows behind them the rows lie. */
  constructor(emitter: Emitter, types: readonly DataType[], forms: readonly (ColumnForm | undefined)[], shared?: ColumnLoads, eights?: Local) {
    this.#emitter = emitter
    this.#eights = eights
    this.#types = types
    this.#forms = forms
    this.#slots = shared ? shared.#slots : []
    this.#pointers = shared ? shared.#pointers : new Map()
  }

  get slots(): readonly Slot[] {
    return this.#slots
  }

  /** The values of a column; undefined where its form can't be read as values. */
  load(column: number): Value | undefined {
    if (!this.#loaded.has(column)) this.#loaded.set(column, this.#load(column, false))
    return this.#loaded.get(column)
  }

  /** The codes of a column as whole numbers; undefined where it has none. */
  loadCodes(column: number): Value | undefined {
    const key = -1 - column
    if (!this.#loaded.has(key)) this.#loaded.set(key, this.#load(column, true))
    return this.#loaded.get(key)
  }

  /** The code that a text has among a column's, in every lane; −1 where it has none. */
  code(column: number, text: string): Parts {
    return this.#everywhere({ kind: 'code', column, text })
  }

  /** By how many slots the numbers of a key are apart, in every lane. */
  stride(key: number): Parts {
    return this.#everywhere({ kind: 'stride', key })
  }

  /** Where nulls of a key go: its last number times its stride, in every lane. */
  nullSlot(key: number): Parts {
    return this.#everywhere({ kind: 'null', key })
  }

  #everywhere(slot: Slot): Parts {
    const local = this.#argument(slot, 0, argument => {
      const splat = this.#emitter.fn.local('v128')
      this.#emitter.fn.prologue.get(argument).do('i32x4.splat').set(splat)
      return splat
    })
    return [local, local]
  }

  /** Moves on by eight rows, or so many times. */
  advance(eights?: Local): void {
    const { body } = this.#emitter.fn
    for (const { local, step } of this.#pointers.values()) {
      if (step === 0) continue
      body.get(local).i32(step)
      if (eights !== undefined) body.get(eights).do('i32.mul')
      body.do('i32.add').set(local)
    }
  }

  #load(column: number, codes: boolean): Value | undefined {
    const form = this.#forms[column]
    if (!form || (form.codes ?? false) !== codes) return undefined
    const type = this.#types[column]!
    const pointer = this.#pointer({ kind: 'values', column }, form.bits)
    const valid = form.valid ? this.#bits(this.#pointer({ kind: 'validity', column }, 1)) : undefined
    const some = valid && { valid }
    if (type.kind === 'bool') return { lane: 'mask', parts: this.#bits(pointer), ...some }
    if (type.kind === 'float64') return { lane: 'f64', parts: this.#vectors(pointer, 4), ...some }
    if (type.kind === 'float32') return { lane: 'f64', parts: this.#floats(pointer), ...some }
    if (codes) return { lane: 'i32', parts: this.#vectors(pointer, 2), range: { least: 0n, most: 2n ** 31n - 1n }, ...some }
    const range = form.range
    if (!range) return undefined
    if (type.kind === 'uint32' && !isWithin(range, { least: 0n, most: 2n ** 31n - 1n })) return { lane: 'i64', parts: this.#each(4, pointer, 'i64x2.load32x2_u', 8), range, ...some }
    if (form.bits === 64) return { lane: 'i64', parts: this.#vectors(pointer, 4), range, ...some }
    if (form.bits === 32) return { lane: 'i32', parts: this.#vectors(pointer, 2), range, ...some }
    return this.#narrow(pointer, form.bits, { lane: 'i32', range, ...some })
  }

  // Bytes and 16-bit numbers are read as whoever takes them needs them.
  #narrow(pointer: Local, bits: number, about: Omit<Value, 'parts'> & { readonly range: Range }): Value {
    const sign = about.range.least < 0n ? 's' : 'u'
    const short = lazy(() => this.#each(1, pointer, bits === 16 ? 'v128.load' : `i16x8.load8x8_${sign}`, 16))
    const parts = lazy(() => (bits === 16 ? this.#each(2, pointer, `i32x4.load16x4_${sign}`, 8) : this.#halves(short(), sign)))
    return {
      ...about,
      ...(isWithin(about.range, int16Range) && { short }),
      get parts() {
        return parts()
      },
    }
  }

  #vectors(pointer: Local, count: number): Parts {
    return this.#each(count, pointer, 'v128.load', 16)
  }

  #each(count: number, pointer: Local, access: Access, step: number): Parts {
    const { body } = this.#emitter.fn
    return this.#emitter.each(count, i => body.get(pointer).at(access, i * step))
  }

  #halves([short]: Parts, sign: 's' | 'u'): Parts {
    const { body } = this.#emitter.fn
    return this.#emitter.each(2, i => body.get(short!).do(`i32x4.extend_${i === 0 ? 'low' : 'high'}_i16x8_${sign}`))
  }

  #floats(pointer: Local): Parts {
    const { body } = this.#emitter.fn
    return this.#emitter.each(4, i => body.get(pointer).at('v128.load64_zero', 8 * i).do('f64x2.promote_low_f32x4'))
  }

  // Where the iteration's rows of a column lie, `bits` each.
  #pointer(slot: Slot, bits: number): Local {
    const first = this.#argument(slot, bits)
    if (this.#eights === undefined) return first
    const { fn } = this.#emitter
    const local = fn.local('i32')
    fn.body.get(first).get(this.#eights).i32(bits).do('i32.mul').do('i32.add').set(local)
    return local
  }

  // Eight bits as masks.
  #bits(pointer: Local): Parts {
    const { fn } = this.#emitter
    const bits = fn.local('i32')
    fn.body.get(pointer).at('i32.load8_u').set(bits)
    return this.#emitter.bitsAsMask(bits)
  }

  // A local for what a slot holds; `bits` of it are a row's.
  #argument(slot: Slot, bits: number, make: (argument: Local) => Local = argument => argument): Local {
    const key = JSON.stringify(slot)
    const known = this.#pointers.get(key)
    if (known) return known.local
    const { fn } = this.#emitter
    const at = firstSlot + this.#slots.push(slot) - 1
    const local = fn.local('i32')
    fn.prologue.get(0).at('i32.load', 4 * at).set(local)
    const made = make(local)
    this.#pointers.set(key, { local: made, step: bits })
    return made
  }
}

function lazy(make: () => Parts): () => Parts {
  let made: Parts | undefined
  return () => (made ??= make())
}
