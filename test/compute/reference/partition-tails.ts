// The last rows of partitions, plainly. And the entries of kernels/partition-tails.ts in the catalogue of agreements.
import { float64, int64 } from '../../../src/batch/data-type.ts'
import { addCarried, PartitionTails } from '../../../src/compute/partition-tails.ts'
import { columnOf, rowsOf, uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const fields = ['key', 'time', 'row'].map(name => ({ name, type: int64, nullable: false }))
const none = 0xffff_ffff

export const partitionTailsAgreement = agreement({
  stem: 'partition-tails',
  kernels: ['linkTails', 'countTails', 'takeTails', 'chainRows', 'addCarried'],
  sample(random, length, shape) {
    const keys = shape === 'few' ? 2 : 20
    const steps = [0, 1, 2, 3].map(step => Array.from({ length: random.int(Math.min(length, 100) + 1) }, () => ({ key: random.int(keys), time: 100 * step + random.int(100) })).sort((a, b) => a.time - b.time))
    return { rows: random.int(4), range: random.int(2) === 0 ? undefined : random.int(250), steps: steps.filter(step => step.length > 0) }
  },
  // Before each step: what its groups reach, the last rows, the rows before among these, counts on from the last rows'. In the end what is left.
  reference({ rows: least, range, steps }) {
    const stored: { key: number; time: number; row: number }[] = []
    const reach = (key: number, time: number) => {
      const own = stored.filter(row => row.key === key)
      return own.filter((row, i) => i >= own.length - least || (range !== undefined && row.time >= time - range))
    }
    const found = steps.map(step => {
      const keys = [...new Set(step.map(({ key }) => key))]
      const result = {
        tails: keys.flatMap(key => reach(key, step[0]!.time).map(({ row }) => row)),
        heads: step.map(({ key }) => stored.findLast(row => row.key === key)?.row ?? none),
        chain: step.map(({ key }, i) => (step.slice(0, i).findLastIndex(row => row.key === key) + none + 1) % (none + 1)),
      }
      for (const row of step) stored.push({ ...row, row: stored.length })
      return result
    })
    const end = steps.at(-1)?.at(-1)?.time ?? 0
    return { found, left: [...new Set(stored.map(({ key }) => key))].flatMap(key => reach(key, end).map(({ row }) => row)).sort((a, b) => a - b) }
  },
  compute(device, arena, { rows: least, range, steps }) {
    const tails = new PartitionTails(device, { fields, by: [0], time: 1, rows: least, ...(range !== undefined && { range: BigInt(range) }) })
    let next = 0
    const found = steps.map(step => {
      const columns = [step.map(({ key }) => key), step.map(({ time }) => time), step.map(() => next++)].map(values => columnOf(device, arena, int64, values.map(BigInt)))
      const gids = tails.groups(arena, [columns[0]!], step.length)
      const reached = tails.tails(arena, gids, step.length, BigInt(step[0]!.time))
      const heads = tails.heads(arena, gids, step.length)
      const lasts = tails.lasts(arena, gids, step.length)
      const distinct = new Set(uint32sAt(device, heads, step.length).filter(head => head !== none))
      if (lasts.rows !== distinct.size || uint32sAt(device, lasts.indices, lasts.rows).some(row => !distinct.has(row))) throw new Error('the last rows are the heads, each once')
      const counts = columnOf(device, arena, int64, step.map(() => 5n))
      const carried = tails.rows().columns[2]!
      addCarried(device, counts, heads, carried)
      const added = [...device.memory.int64s(counts.values, step.length)].map((count, i) => (heads !== 0 && uint32sAt(device, heads, step.length)[i] === none ? count === 5n : count === 5n + BigInt(uint32sAt(device, heads, step.length)[i]!)))
      if (added.includes(false)) throw new Error('counts go on from what was carried')
      const result = { tails: [...uint32sAt(device, reached.indices, reached.rows)], heads: [...uint32sAt(device, heads, step.length)], chain: [...uint32sAt(device, tails.chain(arena, gids, step.length), step.length)] }
      tails.append({ columns, rowCount: step.length }, gids)
      return result
    })
    tails.compact(BigInt(steps.at(-1)?.at(-1)?.time ?? 0), true)
    const left = rowsOf(device, tails.rows()).map(row => Number(row[2])).sort((a, b) => a - b)
    tails.close()
    return { found, left }
  },
})

export const runSumsAgreement = agreement({
  stem: 'partition-tails',
  kernels: ['runSums'],
  sample: (random, length) => ({ rows: Array.from({ length }, () => ({ group: random.int(3), value: random.int(6) === 0 ? null : (random.int(2000) - 1000) / 8 })), carried: [1.5, -2, 0.25] }),
  reference({ rows, carried }) {
    const sums = [...carried]
    return rows.map(({ group, value }) => (sums[group]! += value ?? 0))
  },
  compute(device, arena, { rows, carried }) {
    const values = columnOf(device, arena, float64, rows.map(({ value }) => value))
    const [chain, heads, sums, lost, out] = [4, 4, 8, 8, 8].map(bytes => arena.allocate(bytes * rows.length)) as [number, number, number, number, number]
    device.memory.uint32s(chain, rows.length).set(rows.map(({ group }, i) => (rows.slice(0, i).findLastIndex(row => row.group === group) + none + 1) % (none + 1)))
    device.memory.uint32s(heads, rows.length).set(rows.map(({ group }) => group))
    const before = columnOf(device, arena, float64, carried)
    const rest = columnOf(device, arena, float64, carried.map(() => 0))
    device.kernels.runSums(values.values, values.validity, chain, heads, before.values, rest.values, rows.length, sums, lost, out)
    return [...device.memory.float64s(out, rows.length)]
  },
})
