// The aggregates of one group-by whose rows may be taken back. States that are sums of what their rows add are subtracted from; of other aggregates the values that hold are kept.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { int64, isFloat } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type AggregateSpec, partialFieldsOf } from './accumulator.ts'
import { type Accumulators, createAccumulators } from './accumulators.ts'
import type { RowPlaces, SomeGroups } from './aggregate-contract.ts'
import { noPlaces } from './aggregate-contract.ts'
import { KeptAccumulator } from './kept-accumulator.ts'

/** True where states are whole numbers that add up. Floats don't give back what rounding took. */
export function isLinear({ fn, inputType }: AggregateSpec): boolean {
  return fn === 'count' || ((fn === 'sum' || fn === 'mean') && !isFloat(inputType!))
}

/** Accumulators of rows that come and are taken back. */
export class ChangingAccumulators implements Accumulators {
  readonly #device: Device
  readonly #specs: readonly AggregateSpec[]
  readonly #starts: readonly number[]
  readonly #linear: readonly number[]
  readonly #sums: Accumulators
  /** What the rows that are taken back had added. */
  readonly #taken: Accumulators
  readonly #kept: ReadonlyMap<number, KeptAccumulator>
  constructor(device: Device, specs: readonly AggregateSpec[]) {
    this.#device = device
    this.#specs = specs
    const starts = [0]
    for (const { argTypes = [] } of specs) starts.push(starts.at(-1)! + 1 + argTypes.length)
    this.#starts = starts
    this.#linear = [...specs.keys()].filter(i => isLinear(specs[i]!))
    const linear = this.#linear.map(i => specs[i]!)
    this.#sums = createAccumulators(device, linear)
    this.#taken = createAccumulators(device, linear)
    this.#kept = new Map([...specs.keys()].filter(i => !isLinear(specs[i]!)).map(i => [i, new KeptAccumulator(device, specs[i]!)]))
  }
  get bytes(): number {
    return [...this.#kept.values()].reduce((sum, kept) => sum + kept.bytes, this.#sums.bytes + this.#taken.bytes)
  }

  update(gids: number, columns: readonly (Column | undefined)[], rows: number, groupCount: number, places: RowPlaces): void {
    this.#sums.update(gids, this.#ofLinear(columns), rows, groupCount, places)
    for (const [i, kept] of this.#kept) kept.update(gids, this.#inputs(columns, i), rows, groupCount, places)
  }

  /** Takes rows back. `numbers` has the number of each row's group among the groups `touched`. */
  retract(gids: number, numbers: number, touched: SomeGroups, columns: readonly (Column | undefined)[], rows: number, groupCount: number): void {
    for (const [i, kept] of this.#kept) kept.retract(gids, this.#inputs(columns, i), rows, groupCount)
    const arena = this.#device.arena()
    try {
      this.#taken.update(numbers, this.#ofLinear(columns), rows, touched.rows, noPlaces)
      this.#sums.merge(touched.indices, this.#negated(arena, this.#taken.partialColumns(arena, touched.rows)), touched.rows, groupCount)
      this.#taken.reset()
    } finally {
      arena.release()
    }
  }

  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    const sums: Column[] = []
    let at = 0
    for (const [i, spec] of this.#specs.entries()) {
      const own = partial.slice(at, (at += this.#partialFields(spec, i, '').length))
      const kept = this.#kept.get(i)
      if (kept) kept.merge(gids, own, rows, groupCount)
      else sums.push(...own)
    }
    this.#sums.merge(gids, sums, rows, groupCount)
  }

  partialFields(names: readonly string[]): Field[] {
    return this.#specs.flatMap((spec, i) => this.#partialFields(spec, i, names[i]!))
  }
  partialColumns(arena: Arena, groupCount: number): Column[] {
    const sums = this.#sums.partialColumns(arena, groupCount)
    return this.#specs.flatMap((spec, i) => this.#kept.get(i)?.partialColumns(arena, groupCount) ?? sums.splice(0, partialFieldsOf(spec, '').length))
  }
  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[] {
    const sums = this.#sums.resultColumns(arena, groupCount, of)
    return this.#specs.map((_, i) => this.#kept.get(i)?.resultColumns(arena, groupCount, of)[0] ?? sums.shift()!)
  }

  reset(): void {
    this.#sums.reset()
    for (const kept of this.#kept.values()) kept.reset()
  }
  close(): void {
    this.#sums.close()
    this.#taken.close()
    for (const kept of this.#kept.values()) kept.close()
  }

  #partialFields(spec: AggregateSpec, i: number, name: string): Field[] {
    return this.#kept.has(i) ? KeptAccumulator.fields(spec, name) : partialFieldsOf(spec, name)
  }
  #inputs(columns: readonly (Column | undefined)[], i: number): Column[] {
    return columns.slice(this.#starts[i], this.#starts[i + 1]) as Column[]
  }
  #ofLinear(columns: readonly (Column | undefined)[]): (Column | undefined)[] {
    return this.#linear.map(i => columns[this.#starts[i]!])
  }

  // Sums of decimals have three words, of which only the last has a sign.
  #negated(arena: Arena, partial: readonly Column[]): Column[] {
    const { kernels } = this.#device
    let at = 0
    return this.#linear.flatMap(i => {
      const spec = this.#specs[i]!
      const words = partial.slice(at, (at += partialFieldsOf(spec, '').length))
      const out = words.map(({ length }) => allocateColumn(arena, int64, length))
      const isWide = spec.fn !== 'count' && spec.inputType!.kind === 'decimal'
      if (isWide) kernels.negateWide(words[0]!.values, words[1]!.values, words[2]!.values, out[0]!.length, out[0]!.values, out[1]!.values, out[2]!.values)
      words.forEach((word, k) => (!isWide || k > 2) && kernels.negateWords(word.values, word.length, out[k]!.values))
      return out
    })
  }
}
