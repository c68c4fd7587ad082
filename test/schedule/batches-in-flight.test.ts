import { describe, expect, it } from 'vitest'
import { retainArena } from '../../src/device/arena.ts'
import { createDevice } from '../../src/device/device.ts'
import { pageBytes } from '../../src/device/pages.ts'
import { BatchesInFlight } from '../../src/schedule/batches-in-flight.ts'

const device = await createDevice()

describe('batches in flight', () => {
  it('take the pages of their arenas, and of those that these hold, each once', () => {
    const [shared, one, two] = [device.arena(), device.arena(), device.arena()]
    shared.allocate(3 * pageBytes - 64)
    for (const arena of [one, two]) {
      retainArena(device, shared.address)
      arena.hold(shared.address)
    }
    const batches = new BatchesInFlight(device, 6 * pageBytes)
    const [first, second] = [{}, {}]
    batches.enter(first, [[10, one.address], null, [0, 0]])
    expect([batches.bytes / pageBytes, batches.isCrowded]).toEqual([5, false])
    batches.enter(second, [[10, two.address]])
    expect([batches.bytes / pageBytes, batches.isCrowded]).toEqual([6, true])
    batches.leave(first)
    batches.leave(first)
    expect([batches.bytes / pageBytes, batches.isCrowded]).toEqual([5, false])
    batches.leave(second)
    batches.leave({})
    expect([batches.bytes, batches.peakBytes / pageBytes]).toEqual([0, 6])
    for (const arena of [one, two, shared]) arena.release()
    expect(device.pages.used()).toBe(0)
  })

  it('that outlive the job are not counted', () => {
    const batches = new BatchesInFlight(device, 1)
    batches.enter({}, [[10, 0], null])
    expect([batches.bytes, batches.isCrowded]).toEqual([0, false])
  })
})
