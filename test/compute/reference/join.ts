// Joining, plainly: for each probing row every stored row of an equal key, in order of arrival. And its entry in the catalogue of agreements.
import { int64, utf8 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { gatherBatch } from '../../../src/compute/gather.ts'
import { JoinIndex } from '../../../src/compute/join-index.ts'
import { columnOf, rowsOf, sampleValues } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { keyText } from './group.ts'

/** Pairs [left row, right row] of equal keys; a null key matches nothing. */
export function joinRows(left: readonly Value[][], right: readonly Value[][]): [number, number][] {
  return left.flatMap((a, i) => right.flatMap((b, j): [number, number][] => (!a.includes(null) && keyText(a) === keyText(b) ? [[i, j]] : [])))
}

const types = [int64, utf8]
const fields = [...types, int64].map((type, i) => ({ name: `c${i}`, type, nullable: true }))

export const joinAgreement = agreement({
  stem: 'join',
  kernels: ['linkRows', 'probeChains'],
  sample(random, length, shape) {
    const side = (rows: number) => {
      const columns = types.map(type => sampleValues(random, type, rows, shape === 'full' && random.int(2) ? 'few' : shape))
      return Array.from({ length: rows }, (_, row) => columns.map(values => values[row]!))
    }
    return { left: side(Math.min(length, 300)), right: side(Math.min(length, 200)), pairsMax: 1 + random.int(50) }
  },
  reference: ({ left, right }) => joinRows(left, right).map(([i, j]) => [i, ...right[j]!, BigInt(j)]),
  compute(device, arena, { left, right, pairsMax }) {
    const index = new JoinIndex(device, fields, [0, 1])
    const columns = (rows: readonly Value[][], start: number) => [
      ...types.map((type, i) => columnOf(device, arena, type, rows.map(row => row[i]!))),
      columnOf(device, arena, int64, rows.map((_, i) => BigInt(start + i))),
    ]
    try {
      for (let at = 0; at < right.length; at += 70) {
        const part = right.slice(at, at + 70)
        index.insert(arena, { fields, rowCount: part.length, columns: columns(part, at), arena: arena.address })
      }
      const found: Value[][] = []
      for (const pairs of index.probe(arena, columns(left, 0).slice(0, 2), left.length, pairsMax)) {
        const lefts = [...device.memory.uint32s(pairs.left, pairs.count)]
        rowsOf(device, gatherBatch(device, arena, index.rows(), pairs.right, pairs.count)).forEach((row, i) => found.push([lefts[i]!, ...row]))
      }
      return found
    } finally {
      index.close()
    }
  },
})
