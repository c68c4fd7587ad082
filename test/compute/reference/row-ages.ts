// Ages of stored rows, plainly. And the entry of kernels/row-ages.ts in the catalogue of agreements.
import { float64 } from '../../../src/batch/data-type.ts'
import { cameNow, clearOld, countOld, keepFresh } from '../../../src/compute/row-ages.ts'
import { uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

export const rowAgesAgreement = agreement({
  stem: 'row-ages',
  kernels: ['keepFresh', 'clearOld', 'countOld'],
  sample(random, length) {
    const times = Array.from({ length: Math.max(1, length) }, () => random.int(100))
    if (random.int(2) === 0) times.sort((a, b) => a - b)
    return { times, alive: times.map(() => random.int(2)), pairs: Array.from({ length }, (_, left) => ({ left, right: random.int(times.length) })), since: random.int(110) }
  },
  reference({ times, alive, pairs, since }) {
    const first = times.findIndex(time => time > since)
    return { pairs: pairs.filter(({ right }) => times[right]! > since), alive: alive.map((byte, i) => (times[i]! <= since ? 0 : byte)), cleared: alive.filter((byte, i) => byte === 1 && times[i]! <= since).length, old: first < 0 ? times.length : first }
  },
  compute(device, arena, { times, alive, pairs, since }) {
    const came = cameNow(device, arena, times.length, 7)
    if (device.memory.float64s(came.values, times.length).some(time => time !== 7) || came.type !== float64) throw new Error('rows that come now have the time of now')
    device.memory.float64s(came.values, times.length).set(times)
    const [left, right, bytes] = [arena.allocate(4 * pairs.length), arena.allocate(4 * pairs.length), arena.allocate(times.length)]
    device.memory.uint32s(left, pairs.length).set(pairs.map(pair => pair.left))
    device.memory.uint32s(right, pairs.length).set(pairs.map(pair => pair.right))
    device.memory.bytes(bytes, times.length).set(alive)
    const count = keepFresh(device, { left, right, count: pairs.length }, came, since)
    const [lefts, rights] = [uint32sAt(device, left, count), uint32sAt(device, right, count)]
    const cleared = clearOld(device, came, since, bytes)
    return { pairs: [...lefts].map((l, i) => ({ left: l, right: rights[i]! })), alive: [...device.memory.bytes(bytes, times.length)], cleared, old: countOld(device, came, since) }
  },
})
