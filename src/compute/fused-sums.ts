// Counts, sums and means of int32 and float64 columns without nulls, together: what the aggregates of a group-by mostly are. Gives the same states and
// results as one accumulator each (sum-accumulator.ts, count-accumulator.ts), for a third of their cost where groups exceed the cache.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, float64, int64, rowCount64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { AggregateSpec, SomeGroups } from './aggregate-contract.ts'
import { EntryState } from './entry-state.ts'

/** Up to this many groups, rows are dealt to four banks. */
const bankedGroupsMax = 32

type Kind = 'count' | 'int32' | 'float64'

/** How a spec can be fused; undefined where it can't. */
export function fusedKind({ fn, inputType, options }: AggregateSpec): Kind | undefined {
  if (fn === 'count' && inputType === undefined) return 'count'
  if ((fn !== 'sum' && fn !== 'mean') || options) return undefined
  return inputType?.kind === 'int32' || inputType?.kind === 'float64' ? inputType.kind : undefined
}

/** True where fusing these pays: where it saves passes over the groups. */
export function isWorthFusing(specs: readonly AggregateSpec[]): boolean {
  return specs.length > 1 && specs.some(spec => fusedKind(spec) !== 'count')
}

/** Several specs that have a `fusedKind`. Owns its memory until `close`. */
export class FusedSums {
  readonly #specs: readonly AggregateSpec[]
  readonly #kinds: readonly Kind[]
  /** Where each sum lies in an entry; 0 of counts, which are the rows of the group. */
  readonly #offsets: readonly number[]
  readonly #shift: number
  readonly #state: EntryState
  /** Where the kernel finds the columns' addresses; made at first use, so that states without rows hold nothing. */
  #columns = 0
  constructor(device: Device, specs: readonly AggregateSpec[]) {
    this.#specs = specs
    this.#kinds = specs.map(spec => fusedKind(spec)!)
    const wholes = this.#kinds.filter(kind => kind === 'int32').length
    let [whole, float] = [8, 8 + 8 * wholes]
    this.#offsets = this.#kinds.map(kind => {
      if (kind === 'count') return 0
      if (kind === 'int32') return (whole += 8) - 8
      return (float += 16) - 16
    })
    // A power of two, so that an entry of up to 64 bytes lies in one cache line.
    this.#shift = Math.ceil(Math.log2(float))
    this.#state = new EntryState(device, 1 << this.#shift)
  }

  get bytes(): number {
    return this.#state.memory.bytes
  }

  /** Takes rows: a column per spec, undefined for counts, none with nulls. */
  update(gids: number, columns: readonly (Column | undefined)[], rows: number, groupCount: number): void {
    const { device } = this.#state
    const state = this.#state.ensure(groupCount)
    const addresses = (kind: Kind) => this.#kinds.flatMap((own, i) => (own === kind ? [columns[i]!.values] : []))
    const [wholes, floats] = [addresses('int32'), addresses('float64')]
    if (this.#columns === 0) this.#columns = this.#state.memory.allocate(4 * this.#specs.length + 16)
    device.memory.uint32s(this.#columns, wholes.length + floats.length).set([...wholes, ...floats])
    let banks = 0
    if (groupCount <= bankedGroupsMax && rows >= 8 * groupCount) {
      const bytes = 4 * groupCount * 2 ** this.#shift
      banks = this.#state.scratch(bytes)
      device.memory.zero(banks, bytes)
    }
    device.kernels.addFused(gids, this.#columns, wholes.length, floats.length, rows, state, this.#shift, groupCount, banks)
  }

  /** The state of a spec as its own accumulator gives it. */
  partialColumns(arena: Arena, spec: number, groupCount: number): Column[] {
    const { kernels } = this.#state.device
    const state = this.#state.ensure(groupCount)
    const words = (type: typeof int64, offset: number) => {
      const out = allocateColumn(arena, type, groupCount)
      kernels.takeWords(state + offset, groupCount, this.#shift, out.values)
      return out
    }
    const at = this.#offsets[spec]!
    if (this.#kinds[spec] === 'count') return [words(int64, 0)]
    if (this.#kinds[spec] === 'int32') return [words(int64, at), words(int64, 0)]
    const counts = allocateColumn(arena, float64, groupCount)
    kernels.fusedCounts(state, groupCount, this.#shift, counts.values)
    return [words(float64, at), words(float64, at + 8), counts]
  }

  /** The result of a spec, of all groups or of some. */
  resultColumn(arena: Arena, spec: number, groups: number, of?: SomeGroups): Column {
    const { kernels } = this.#state.device
    const groupCount = of?.rows ?? groups
    const state = this.#state.entries(arena, groups, of)
    const kind = this.#kinds[spec]!
    const mean = this.#specs[spec]!.fn === 'mean'
    const out = allocateColumn(arena, kind === 'count' ? rowCount64 : mean ? float64 : kind === 'int32' ? int64 : float64, groupCount)
    const at = state + this.#offsets[spec]!
    if (kind === 'float64') kernels.fusedTotals(state, groupCount, this.#shift, this.#offsets[spec]!, mean ? 1 : 0, out.values)
    else if (mean) kernels.meansI64(at, this.#shift, state, this.#shift, groupCount, out.values)
    else kernels.takeWords(at, groupCount, this.#shift, out.values)
    if (kind === 'count') return out
    const validity = arena.allocate(bitmapBytes(groupCount))
    return { ...out, validity: kernels.maskWords(state, groupCount, this.#shift, validity) === groupCount ? 0 : validity }
  }

  reset(): void {
    this.#state.reset()
  }
  close(): void {
    this.#state.close()
    this.#columns = 0
  }
}
