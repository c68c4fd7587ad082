// Coming back: later each time, or when the server has said so, until it holds or there were too many failures in a row.
import { expect, it } from 'vitest'
import { ConnectorError } from '../../src/base/errors.ts'
import { Reconnect } from '../../src/connect/reconnect.ts'

const lost = new ConnectorError('X', 'lost', { retryable: true })

function attempts(retries: number, abort = new AbortController()) {
  const waits: number[] = []
  const clock = { now: () => 0, elapsed: () => 0, sleep: async (ms: number) => void waits.push(ms) }
  let count = 0
  const reconnect = new Reconnect({ clock, signal: abort.signal, where: 'test', count: () => count++ }, retries)
  return { reconnect, waits, counted: () => count }
}

it('waits twice as long each time, up to half a minute', async () => {
  const { reconnect, waits, counted } = attempts(10)
  for (let i = 0; i < 10; i++) await reconnect.failed(lost)
  expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  expect(counted()).toBe(10)
  await expect(reconnect.failed(lost)).rejects.toBe(lost)
})

it('begins anew once a connection has held, and waits as long as the server says', async () => {
  const { reconnect, waits } = attempts(1)
  await reconnect.failed(lost, 5)
  reconnect.held()
  await reconnect.failed(lost)
  reconnect.held()
  await reconnect.failed(lost, 10 ** 9)
  expect(waits).toEqual([5, 250, 30_000])
})

it('gives up what won’t pass, and what was cancelled', async () => {
  const { reconnect } = attempts(9)
  const wrong = new ConnectorError('Y', 'wrong')
  await expect(reconnect.failed(wrong)).rejects.toBe(wrong)
  const abort = new AbortController()
  const cancelled = attempts(9, abort)
  abort.abort()
  await expect(cancelled.reconnect.failed(lost)).rejects.toMatchObject({ code: 'CANCELLED' })
})
