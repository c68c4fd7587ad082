// topK of what fits into a word: a list of the k greatest values of a group, or the least, the first first. Equal values count as many times as they come.
import { PlanError } from '../base/errors.ts'
import type { Column } from '../batch/batch.ts'
import { binary, bitmapBytes, type DataType } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type Accumulator, type AggregateOptions, type AggregateSpec, type AggregateType, anything, type SomeGroups } from './aggregate-contract.ts'
import { gathered } from './gather.ts'
import { runColumn } from './key-log.ts'
import { OwnedMemory } from './owned-memory.ts'
import { listType } from './row-runs.ts'
import { rankable, TopRowsAccumulator, topRowsFields } from './top-rows-accumulator.ts'
import { columnOfKeys, hasKeys, keysOf } from './widen.ts'

const kMax = 100_000

function checkTop({ k, least }: AggregateOptions, where: string): void {
  if (!Number.isInteger(k) || (k as number) < 1 || (k as number) > kMax) throw new PlanError('AGGREGATE_OPTION', `${where}: k is ${JSON.stringify(k)}; give a whole number from 1 to ${kMax}`)
  if (least !== undefined && typeof least !== 'boolean') throw new PlanError('AGGREGATE_OPTION', `${where}: least is ${JSON.stringify(least)}; it is true or false`)
}

const topOf = ({ options }: AggregateSpec) => ({ k: options!['k'] as number, least: options?.['least'] === true })

/** The k greatest values, or the least. */
export const topKAggregate: AggregateType = {
  fn: 'topK',
  inputs: [rankable],
  options: ['k', 'least'],
  checkOptions: checkTop,
  result: ({ inputType }) => listType(inputType!),
  partial: ({ inputType }, name) => (hasKeys(inputType!) ? [{ name: `${name}.keys`, type: binary, nullable: false }] : topRowsFields(inputType!, inputType!, name)),
  create(device, spec) {
    const { k, least } = topOf(spec)
    const type = spec.inputType!
    return hasKeys(type) ? new TopAccumulator(device, type, k, least) : new TopRowsAccumulator(device, type, type, { k, least, alone: true })
  },
}

/** The second column in the k rows where the first is greatest, or least. */
export const topKByAggregate: AggregateType = {
  fn: 'topKBy',
  inputs: [rankable, anything],
  options: ['k', 'least'],
  checkOptions: checkTop,
  result: ({ argTypes }) => ({ kind: 'list', item: { type: argTypes![0]!, nullable: true } }),
  partial: ({ inputType, argTypes }, name) => topRowsFields(inputType!, argTypes![0]!, name),
  create: (device, spec) => new TopRowsAccumulator(device, spec.inputType!, spec.argTypes![0]!, topOf(spec)),
}

/** [count, the best k keys] per group. */
class TopAccumulator implements Accumulator {
  readonly #device: Device
  readonly #memory: OwnedMemory
  readonly #type: DataType
  readonly #k: number
  readonly #flip: number
  #address = 0
  #capacity = 0
  #filled = 0
  constructor(device: Device, type: DataType, k: number, least: boolean) {
    this.#device = device
    this.#memory = new OwnedMemory(device)
    this.#type = type
    this.#k = k
    this.#flip = least ? -1 : 0
  }
  get bytes(): number {
    return this.#memory.bytes
  }

  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    const state = this.#ensure(groupCount)
    const arena = this.#device.arena()
    try {
      this.#device.kernels.topKeys(gids, keysOf(this.#device, arena, column!), column!.validity, rows, this.#k, this.#flip, state)
    } finally {
      arena.release()
    }
  }
  merge(gids: number, [keys]: readonly Column[], rows: number, groupCount: number): void {
    this.#device.kernels.topRuns(gids, keys!.values, rows, this.#k, this.#flip, this.#ensure(groupCount))
  }
  partialColumns(arena: Arena, groupCount: number): Column[] {
    return [runColumn(this.#device, arena, this.#take(arena, groupCount), groupCount)]
  }
  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[] {
    if (of) return gathered(this.#device, arena, this.resultColumns(arena, groupCount), of)
    const { kernels } = this.#device
    const { keys, offsets, count } = this.#take(arena, groupCount)
    const validity = arena.allocate(bitmapBytes(groupCount))
    const some = kernels.maskRuns(offsets, groupCount, validity)
    const child = columnOfKeys(this.#device, arena, this.#type, keys, count)
    return [{ type: listType(this.#type), length: groupCount, values: offsets, validity: some === groupCount ? 0 : validity, children: [child] }]
  }
  reset(): void {
    this.#filled = 0
  }
  close(): void {
    this.#memory.close()
    this.#address = this.#capacity = this.#filled = 0
  }

  #take(arena: Arena, groupCount: number): { keys: number; offsets: number; count: number } {
    const state = this.#ensure(groupCount)
    const offsets = arena.allocate(4 * groupCount + 4)
    const keys = arena.allocate(8 * groupCount * this.#k)
    return { keys, offsets, count: this.#device.kernels.takeTop(state, groupCount, this.#k, this.#flip, offsets, keys) }
  }

  #ensure(groupCount: number): number {
    const entry = 8 + 8 * this.#k
    if (groupCount > this.#capacity) {
      const capacity = Math.max(16, 2 ** Math.ceil(Math.log2(groupCount)))
      this.#address = this.#memory.grow(this.#address, this.#capacity * entry, this.#filled * entry, capacity * entry)
      this.#capacity = capacity
    }
    if (groupCount > this.#filled) {
      this.#device.memory.bytes(this.#address + this.#filled * entry, (groupCount - this.#filled) * entry).fill(0)
      this.#filled = groupCount
    }
    return this.#address
  }
}
