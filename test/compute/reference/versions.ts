// Versions of keyed rows, plainly. And the entry of kernels/versions.ts in the catalogue of agreements.
import { bitmapBytes, int64 } from '../../../src/batch/data-type.ts'
import { splitMet, Versions } from '../../../src/compute/versions.ts'
import { gatherBatch } from '../../../src/compute/gather.ts'
import { columnOf, rowsOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const fields = ['key', 'row'].map((name, i) => ({ name, type: int64, nullable: i === 0 }))

interface Row {
  readonly key: number | null
  readonly time: number
}

export const versionsAgreement = agreement({
  stem: 'versions',
  kernels: ['meetVersions', 'latestVersions', 'splitMet'],
  sample(random, length, shape) {
    const span = shape === 'extreme' ? 2 ** 40 : 900
    const keys = shape === 'few' ? 2 : 30
    const within = random.int(2) === 0 ? undefined : random.int(span / 3)
    const row = (from: number): Row => ({ key: random.int(12) === 0 ? null : random.int(keys), time: from + 1 + random.int(span) })
    const limits = [0, 1, 2, 3].map(i => i * Math.floor(span / 2))
    return { within, steps: limits.slice(1).map((limit, i) => ({ limit, versions: Array.from({ length: random.int(Math.min(length, 300) + 1) }, () => row(limits[i]!)), left: Array.from({ length: random.int(50) }, () => row(limits[i]!)).filter(({ time }) => time <= limit).sort((a, b) => a.time - b.time) })) }
  },
  // Of each left row the number of the version, and in the end how many versions there are still to be kept.
  reference({ within = Number.POSITIVE_INFINITY, steps }) {
    const all: (Row & { row: number })[] = []
    const met = steps.map(({ versions, left }) => {
      for (const version of versions) all.push({ ...version, row: all.length })
      return left.map(({ key, time }) => {
        const before = all.filter(version => key !== null && version.key === key && version.time <= time)
        const last = before.reduce<(typeof all)[0] | undefined>((best, version) => (best && best.time > version.time ? best : version), undefined)
        return last && time - last.time <= within ? last.row : null
      })
    })
    const end = steps.at(-1)!.limit
    const keyed = all.filter(({ key }) => key !== null)
    const kept = keyed.filter((version, i) => version.time > end || (end - version.time <= within && !keyed.some((other, j) => other.key === version.key && other.time <= end && (other.time > version.time || (other.time === version.time && j > i)))))
    return { met, kept: kept.map(({ row }) => row).sort((a, b) => a - b) }
  },
  compute(device, arena, { within, steps }) {
    const store = new Versions(device, { fields, keys: [0], keyTypes: [int64], ...(within !== undefined && { within: BigInt(within) }) })
    const timesOf = (rows: readonly Row[]) => {
      const at = arena.allocate(8 * rows.length)
      device.memory.int64s(at, rows.length).set(rows.map(({ time }) => BigInt(time)))
      return at
    }
    const keysOf = (rows: readonly Row[]) => columnOf(device, arena, int64, rows.map(({ key }) => (key === null ? null : BigInt(key))))
    let next = 0
    const met = steps.map(({ limit, versions, left }) => {
      const columns = [keysOf(versions), columnOf(device, arena, int64, versions.map(() => BigInt(next++)))]
      store.insert(arena, { fields, columns, rowCount: versions.length, arena: arena.address }, timesOf(versions))
      const numbers = store.meet(arena, { keys: [keysOf(left)], times: timesOf(left), rows: left.length }, BigInt(limit))
      const bits = arena.allocateZeroed(bitmapBytes(left.length))
      const found = splitMet(device, numbers, left.length, bits)
      const has = left.map((_, row) => ((device.memory.bytes(bits, bitmapBytes(left.length))[row >>> 3]! >>> (row & 7)) & 1) === 1)
      if (has.filter(Boolean).length !== found) throw new Error('the count is that of the bits')
      if (found === 0) return left.map(() => null)
      return rowsOf(device, gatherBatch(device, arena, store.rows(), numbers, left.length)).map((row, i) => (has[i] ? Number(row[1]) : null))
    })
    const kept = store.parts().flatMap(part => rowsOf(device, part).map(row => Number(row[1]))).sort((a, b) => a - b)
    store.close()
    return { met, kept }
  },
})
