// Runs an accumulator as jobs do: rows in pieces to two of them, one's state as columns merged into the other, its groups in another order.
import { expect } from 'vitest'
import type { DataType } from '../../src/batch/data-type.ts'
import type { Value } from '../../src/batch/read-values.ts'
import type { Random } from '../../src/base/random.ts'
import { type AggregateSpec, createAccumulator } from '../../src/compute/accumulator.ts'
import type { Arena } from '../../src/device/arena.ts'
import type { Device } from '../../src/device/device.ts'
import { agreement, type AnyAgreement } from '../compute/agreement.ts'
import { narrowOnly } from './narrow-columns.ts'
import { plainAggregate } from './plain-aggregates.ts'
import { columnOf, type Shape, sampleValues, valuesOf } from './samples.ts'

/** Rows with their groups: a list of values per column. */
export interface GroupedRows {
  readonly groups: number
  readonly gids: readonly number[]
  readonly columns: readonly (readonly Value[])[]
}

const pieceRows = 100

/** The result per group. Every other piece goes to the second accumulator; decimals come by narrow values every now and then. An error is its code, for all groups. */
export function accumulate(device: Device, arena: Arena, spec: AggregateSpec, { groups, gids, columns }: GroupedRows): Value[] {
  const [one, two] = [createAccumulator(device, spec), createAccumulator(device, spec)]
  const types = spec.inputType ? [spec.inputType, ...(spec.argTypes ?? [])] : []
  try {
    for (let at = 0, piece = 0; at < gids.length; at += pieceRows, piece++) {
      const own = device.arena()
      const end = Math.min(gids.length, at + pieceRows)
      const address = own.allocate(4 * pieceRows)
      device.memory.uint32s(address, end - at).set(gids.slice(at, end).map(gid => (piece % 2 ? groups - 1 - gid : gid)))
      const inputs = types.map((type, i) => {
        const input = columnOf(device, own, type, columns[i]!.slice(at, end))
        return piece % 4 > 1 ? narrowOnly(device, own, input) : input
      })
      ;(piece % 2 ? two : one).update(address, inputs, end - at, groups, { first: BigInt(at), rows: 0 })
      device.memory.bytes(own.address + 4096, 40_000).fill(0x5a)
      own.release()
    }
    const mapping = arena.allocate(4 * groups)
    device.memory.uint32s(mapping, groups).set(Array.from({ length: groups }, (_, gid) => groups - 1 - gid))
    const own = device.arena()
    one.merge(mapping, two.partialColumns(own, groups), groups, groups)
    own.release()
    const results = valuesOf(device, one.resultColumns(arena, groups)[0]!)
    one.reset()
    expect(valuesOf(device, one.resultColumns(arena, groups)[0]!), 'after reset').toEqual(Array.from({ length: groups }, () => plainAggregate(spec, types.length > 0 ? types.map(() => []) : [[]])))
    return results
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    return [code]
  } finally {
    one.close()
    two.close()
  }
}

/** How far a result may be from the plain one: 0 for exact, else relative to it, or to the sum of magnitudes. */
export type Tolerance = (actual: number, expected: number, rows: readonly (readonly Value[])[]) => boolean

/** An entry of the catalogue: several aggregates over the same columns. `close`: by function, for results that are rounded. */
export function aggregateEntry(
  stem: string,
  kernels: readonly string[],
  types: readonly DataType[],
  specs: readonly Omit<AggregateSpec, 'inputType' | 'argTypes'>[],
  close: Tolerance = Object.is,
): AnyAgreement {
  const full = specs.map((spec): AggregateSpec => ({ ...spec, inputType: types[0]!, ...(types.length > 1 && { argTypes: types.slice(1) }) }))
  return agreement({
    stem,
    kernels,
    sample(random: Random, length: number, shape: Shape): GroupedRows {
      const groups = [1, 3, 40, 300][random.int(4)]!
      const columns = types.map(type => sampleValues(random, type, 3 * length, shape))
      return { groups, columns, gids: columns[0]!.map(() => random.int(groups)) }
    },
    reference: ({ groups, gids, columns }) => {
      const rows = Array.from({ length: groups }, () => types.map((): Value[] => []))
      gids.forEach((gid, row) => columns.forEach((column, i) => rows[gid]![i]!.push(column[row]!)))
      return { rows, results: full.map(spec => rows.map(group => plainAggregate(spec, group))) }
    },
    compute: (device, arena, sample) => ({ rows: [] as Value[][][], results: full.map(spec => accumulate(device, arena, spec, sample)) }),
    compare(actual, expected) {
      expected.results.forEach((result, i) => {
        const got = actual.results[i]!
        if (result.includes('overflow')) return expect(got).toEqual(['SUM_OVERFLOW'])
        const settled = got.map((value, group) => {
          const wanted = result[group]!
          return typeof value === 'number' && typeof wanted === 'number' && close(value, wanted, expected.rows[group]!) ? wanted : value
        })
        expect(settled, JSON.stringify(full[i])).toEqual(result)
      })
    },
  })
}
