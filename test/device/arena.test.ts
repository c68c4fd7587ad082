import { describe, expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import { arenaBytes, arenaCovers, releaseArena, retainArena } from '../../src/device/arena.ts'
import { createDevice } from '../../src/device/device.ts'
import { pageBytes } from '../../src/device/pages.ts'

describe('pages', () => {
  test('never hand out one page twice, and count what is out', async () => {
    const { pages } = await createDevice()
    const chance = random(17)
    const out = new Map<number, number>()
    let sum = 0
    let overlaps = 0
    for (let i = 0; i < 3000; i++) {
      if (out.size > 0 && chance.int(3) === 0) {
        const [address, count] = [...out][chance.int(out.size)]!
        pages.free(address, count)
        out.delete(address)
        sum -= count
      } else {
        const count = 1 + chance.int(40)
        const address = pages.allocate(count)
        for (const [other, otherCount] of out) if (address + count * pageBytes > other && other + otherCount * pageBytes > address) overlaps++
        out.set(address, count)
        sum += count
      }
      expect(pages.used()).toBe(sum)
    }
    expect(overlaps).toBe(0)
  })

  test('refuse to go beyond the limit, with both numbers, and go on', async () => {
    const { pages } = await createDevice({ memoryMax: 100 * pageBytes })
    const first = pages.allocate(50)
    expect(() => pages.allocate(60)).toThrow(/3.8 MiB asked for while 3.1 MiB of 6.3 MiB are in use/)
    pages.free(first, 50)
    expect(pages.allocate(60)).toBeGreaterThan(0)
  })
})

describe('arenas', () => {
  test('know what lies in them, and in those that they hold', async () => {
    const device = await createDevice()
    const [outer, inner, other] = [device.arena(), device.arena(), device.arena()]
    const [a, b, c] = [outer.allocate(100), inner.allocate(5_000_000), other.allocate(100)]
    const outside = device.pages.allocate(1)
    outer.hold(inner.address)
    expect([a, b + 4_999_999, c, outside].map(address => arenaCovers(device, outer.address, address))).toEqual([true, true, false, false])
    expect(arenaCovers(device, 0, a)).toBe(false)
    outer.release()
    other.release()
    device.pages.free(outside, 1)
    expect(device.pages.used()).toBe(0)
  })

  test('give back what is behind a large allocation, and leave small ones alone', async () => {
    const device = await createDevice()
    const arena = device.arena()
    const [small, large, other] = [arena.allocate(1_000), arena.allocate(50 * pageBytes), arena.allocate(2_000)]
    for (const address of [small, large, other]) device.memory.bytes(address, 1_000).fill(7)
    const before = device.pages.used()
    arena.shrink(small, 10)
    arena.shrink(other, 10)
    arena.shrink(large, 60 * pageBytes)
    expect(device.pages.used()).toBe(before)
    arena.shrink(large, 10 * pageBytes)
    // The 11th has the padding.
    expect(device.pages.used()).toBe(before - 40)
    expect(arenaBytes(device, arena.address)).toBe(device.pages.used() * pageBytes)
    const again = device.arena()
    again.allocate(100 * pageBytes)
    for (const address of [small, large, other]) expect(device.memory.bytes(address, 1_000).every(byte => byte === 7)).toBe(true)
    again.release()
    arena.release()
    expect(device.pages.used()).toBe(0)
  })

  test('align to 64 bytes, leave 64 bytes of padding, and give everything back', async () => {
    const device = await createDevice()
    const arena = device.arena()
    const chance = random(3)
    let end = 0
    for (let i = 0; i < 2000; i++) {
      const bytes = chance.int(i % 10 === 0 ? 400_000 : 3_000)
      const address = arena.allocate(bytes)
      expect(address % 64).toBe(0)
      if (address >= end && address < end + 65_536) expect(address - end).toBeGreaterThanOrEqual(0)
      end = address + bytes + 64
      device.memory.bytes(address, bytes + 64).fill(255)
    }
    arena.release()
    expect(device.pages.used()).toBe(0)
  })

  test('live until the last reference is dropped, and keep what they hold', async () => {
    const device = await createDevice()
    const held = device.arena()
    const holders = Array.from({ length: 1500 }, () => device.arena())
    for (const holder of holders) {
      retainArena(device, held.address)
      holder.hold(held.address)
    }
    held.release()
    for (const holder of holders) {
      expect(device.pages.used()).toBeGreaterThan(0)
      retainArena(device, holder.address)
      holder.release()
      releaseArena(device, holder.address)
    }
    expect(device.pages.used()).toBe(0)
  })

  test('hold more arenas than one header has room for', async () => {
    const device = await createDevice()
    const holder = device.arena()
    for (let i = 0; i < 3000; i++) holder.hold(device.arena().address)
    expect(device.pages.used()).toBeGreaterThan(3000)
    holder.release()
    expect(device.pages.used()).toBe(0)
  })

  test('refuse a second release', async () => {
    const device = await createDevice()
    const arena = device.arena()
    arena.release()
    expect(() => retainArena(device, arena.address)).toThrow(/fault in Millrace/)
  })
})

test('an arena knows the memory that goes with it, held arenas and chained headers included', async () => {
  const device = await createDevice()
  const [outer, inner] = [device.arena(), device.arena()]
  for (let i = 0; i < 2000; i++) inner.allocate(300_000 + i)
  outer.allocate(100)
  retainArena(device, inner.address)
  outer.hold(inner.address)
  expect(arenaBytes(device, outer.address)).toBe(device.pages.used() * pageBytes)
  expect(arenaBytes(device, inner.address)).toBe(device.pages.used() * pageBytes - pageBytes)
  expect(arenaBytes(device, 0)).toBe(0)
  inner.release()
  outer.release()
  expect(device.pages.used()).toBe(0)
})
