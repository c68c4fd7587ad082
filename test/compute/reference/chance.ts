// Draws by chance, plainly. And their entry in the catalogue of agreements.
import { draws, repeatByChance } from '../../../src/compute/chance.ts'
import { uint32sAt, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

function mixed(value: number): number {
  let h = value >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** In [0, 1). */
export function drawOf(seed: number, row: number): number {
  return mixed(mixed((seed ^ Math.floor(row / 2 ** 32)) >>> 0) ^ (row % 2 ** 32)) / 2 ** 32
}

function timesOf(draw: number, mean: number): number {
  let [count, share] = [0, Math.exp(-mean)]
  for (let below = share; draw >= below && count < 255; below += share) share *= mean / ++count
  return count
}

export const chanceAgreement = agreement({
  stem: 'chance',
  kernels: ['drawsF64', 'poissonCounts', 'repeatRows'],
  sample: (random, length) => ({ length, seed: random.uint32(), first: random.int(2) * 2 ** 32 + random.int(1000), mean: random.float() * 3 }),
  reference({ length, seed, first, mean }) {
    const drawn = Array.from({ length }, (_, i) => drawOf(seed, first + i))
    return { drawn, repeated: drawn.flatMap((draw, row) => new Array<number>(timesOf(draw, mean)).fill(row)) }
  },
  compute(device, arena, { length, seed, first, mean }) {
    const drawn = draws(device, arena, seed, first, length)
    const { indices, rows } = repeatByChance(device, arena, drawn, mean)
    return { drawn: valuesOf(device, drawn) as number[], repeated: uint32sAt(device, indices, rows) }
  },
})
