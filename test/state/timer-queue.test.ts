import { expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { TimerQueue } from '../../src/state/timer-queue.ts'

interface Plain {
  gid: number
  time: number
  order: number
}

it('gives what a sorted list of timers gives, whatever is set, taken out and renumbered', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const chance = random(seed)
    const queue = new TimerQueue()
    let plain: Plain[] = []
    const [keys, times] = [1 + chance.int(50), 10 + chance.int(2_000)]
    const sorted = () => [...plain].sort((a, b) => a.time - b.time || a.order - b.order)
    for (let step = 0; step < 1_500; step++) {
      const [gid, time] = [chance.int(keys), 1_700_000_000_000 * chance.int(2) - chance.int(times)]
      const known = plain.find(t => t.gid === gid && t.time === time)
      const act = chance.int(10)
      if (act < 6) {
        expect(queue.add(gid, time)).toBe(!known)
        if (!known) plain.push({ gid, time, order: step })
      } else if (act < 8) {
        expect(queue.delete(gid, time)).toBe(known !== undefined)
        plain = plain.filter(t => t !== known)
      } else if (act < 9 && plain.length > 0) {
        const first = sorted()[0]!
        expect(queue.least).toBe(first.time)
        expect(queue.pop()).toEqual({ gid: first.gid, time: first.time, passed: Number.NEGATIVE_INFINITY })
        plain = plain.filter(t => t !== first)
      } else if (step % 500 === 7) {
        // Any one-to-one renumbering.
        const turned = Int32Array.from({ length: keys }, (_, i) => keys - 1 - i)
        queue.renumber(turned)
        plain = sorted().map((t, i) => ({ gid: turned[t.gid]!, time: t.time, order: i - 1_500 }))
      }
      expect(queue.count).toBe(plain.length)
    }
    const { gids, times: all } = queue.sorted()
    expect(Array.from(gids, (gid, i) => [gid, all[i]])).toEqual(sorted().map(t => [t.gid, t.time]))
    const live = new Uint8Array(keys)
    queue.mark(live)
    expect([...live.keys()].filter(gid => live[gid] === 1)).toEqual([...new Set(plain.map(t => t.gid))].sort((a, b) => a - b))
    while (queue.count > 0) queue.pop()
    expect(queue.least).toBe(Number.POSITIVE_INFINITY)
    expect(queue.delete(0, 0)).toBe(false)
    queue.add(1, 5, 7)
    queue.add(1, 8, 7)
    expect([queue.pop(), queue.pop()]).toEqual([{ gid: 1, time: 5, passed: 7 }, { gid: 1, time: 8, passed: Number.NEGATIVE_INFINITY }])
  }
})
