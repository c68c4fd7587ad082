import { describe, expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import { isWindowLate, nextWindowEnd, windowStarts } from '../../src/window/window-math.ts'

describe('the arithmetic of windows', () => {
  test('finds the windows that cover a time, and only those, for any size, slide and offset', () => {
    const r = random(1)
    for (let round = 0; round < 500; round++) {
      const grid = { sizeMs: 1 + r.int(50), slideMs: 1 + r.int(60), offsetMs: r.int(40) - 20 }
      const time = r.int(400) - 200
      const all = Array.from({ length: 1_000 }, (_, i) => grid.offsetMs + (i - 500) * grid.slideMs)
      expect(windowStarts(grid, time)).toEqual(all.filter(start => start <= time && time < start + grid.sizeMs))
      const next = all.map(start => start + grid.sizeMs).find(end => end - 1 > time)
      expect(nextWindowEnd(grid, time)).toBe(next)
    }
  })

  test('takes a window as late when its last moment and the lateness have passed', () => {
    expect(isWindowLate(2, 20, 20)).toBe(false)
    expect(isWindowLate(2, 20, 21)).toBe(true)
    expect(isWindowLate(2, 0, 0)).toBe(false)
    expect(isWindowLate(2, 0, 1)).toBe(true)
  })
})
