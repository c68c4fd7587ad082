// Joins of streams whose rows may be taken back: what holds in the end is the join of what holds on both sides, and nothing is taken back that didn't hold.
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/base/json.ts'
import { random } from '../../src/base/random.ts'
import { changeField } from '../../src/batch/change.ts'
import type { PlainRow } from '../../src/batch/read-values.ts'
import { createDevice } from '../../src/device/device.ts'
import { changingJoinOperator } from '../../src/operators/changing-join.ts'
import type { JoinParams } from '../../src/operators/join-fields.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { type ChangedRow, changesOf, netOf } from '../support/changes.ts'
import { handClock } from '../support/event-run.ts'
import { ownersOf } from '../support/key-owners.ts'
import { type How, naiveJoin } from '../support/naive-join.ts'
import { type OperatorHarness, operatorHarness } from '../support/operator-harness.ts'
import { keyText } from '../support/samples.ts'

const schemas = [{ order: 'utf8', line: 'utf8?', address: 'utf8' }, { item: 'utf8?', mode: 'utf8' }] as const
const hidden = [[changeField], [changeField]]
const params = (how: How, where?: object) => ({ left: ['line'], right: ['item'], how, ...(where && { where }) }) as unknown as JoinParams & Record<string, Json>
const changes = (harness: OperatorHarness) => harness.batches().flatMap(batch => changesOf(harness.device, batch))
const kinds = ['+', '-U', '+U', '-'] as const

// 'L+ o1 l1 a' a left row that comes, 'R- l1 AIR' a right one that goes.
function feed(harness: OperatorHarness, step: string): string {
  const before = changes(harness).length
  const [kind, ...values] = step.split(' ')
  const $change = kinds.indexOf(kind!.slice(1) as '+')
  if (kind![0] === 'L') harness.push([{ order: values[0], line: values[1], address: values[2], $change }], 0)
  else harness.push([{ item: values[0], mode: values[1], $change }], 1)
  return changes(harness).slice(before).map(({ change, row }) => `${kinds[change]}${Object.values(row).map(value => value ?? '∅').join(' ')}`).join(', ')
}

// Each step, and what it gives. Updates come out as what is taken back and what is given, as their rows do in Apache Flink where nothing else holds.
describe('what comes out as rows come and go, as in StreamingJoinOperatorTest', () => {
  it.each([
    ['testInnerJoinWithStateRetentionDisabled', 'inner', [
      ['L+ o1 l1 a', ''],
      ['L+ o1 l2 a', ''],
      ['R+ l2 AIR', '+o1 l2 a AIR'],
      ['L+U o1 l2 b', '+o1 l2 b AIR'],
      ['R+ l1 TRUCK', '+o1 l1 a TRUCK'],
      ['R- l2 AIR', '-o1 l2 a AIR, -o1 l2 b AIR'],
    ]],
    ['testLeftOuterJoinWithStateRetentionDisabled', 'left', [
      ['L+ o1 l1 a', '+o1 l1 a ∅'],
      ['L+ o1 l2 a', '+o1 l2 a ∅'],
      ['R+ l2 AIR', '-o1 l2 a ∅, +o1 l2 a AIR'],
      ['R+ l2 SHIP', '+o1 l2 a SHIP'],
      ['R- l2 AIR', '-o1 l2 a AIR'],
      ['R- l2 SHIP', '-o1 l2 a SHIP, +o1 l2 a ∅'],
      ['L- o1 l2 a', '-o1 l2 a ∅'],
      ['R+ l2 RAIL', ''],
    ]],
    ['testRightOuterJoinWithStateRetentionDisabled', 'right', [
      ['L+ o1 l1 a', ''],
      ['R+ l2 AIR', '+∅ l2 ∅ AIR'],
      ['L+ o1 l2 a', '-∅ l2 ∅ AIR, +o1 l2 a AIR'],
      ['L- o1 l2 a', '-o1 l2 a AIR, +∅ l2 ∅ AIR'],
      ['R- l2 AIR', '-∅ l2 ∅ AIR'],
    ]],
    ['the semi join of StreamingSemiAntiJoinOperatorTest', 'semi', [
      ['L+ o1 l1 a', ''],
      ['R+ l1 AIR', '+o1 l1 a'],
      ['R+ l1 SHIP', ''],
      ['R- l1 AIR', ''],
      ['R- l1 SHIP', '-o1 l1 a'],
      ['R+ l2 AIR', ''],
      ['L+ o2 l2 b', '+o2 l2 b'],
      ['L- o2 l2 b', '-o2 l2 b'],
    ]],
    ['the anti join of StreamingSemiAntiJoinOperatorTest', 'anti', [
      ['L+ o1 l1 a', '+o1 l1 a'],
      ['R+ l1 AIR', '-o1 l1 a'],
      ['R+ l1 SHIP', ''],
      ['R- l1 AIR', ''],
      ['R- l1 SHIP', '+o1 l1 a'],
      ['L- o1 l1 a', '-o1 l1 a'],
    ]],
  ] as const)('%s', async (_, how, steps) => {
    const harness = await operatorHarness(changingJoinOperator, params(how), [...schemas], { hidden, bounded: false })
    for (const [step, expected] of steps) expect(feed(harness, step), step).toBe(expected)
    harness.close()
  })

  it('refuses to take back what was never given', async () => {
    const harness = await operatorHarness(changingJoinOperator, params('inner'), [...schemas], { hidden })
    feed(harness, 'R+ l1 AIR')
    expect(() => feed(harness, 'R- l1 SHIP')).toThrow(/a row was taken back that had not been given/)
    harness.close()
  })
})

// There the rows of a key replace each other, here they add up. A row that is taken back after it was forgotten changes nothing.
describe('rows with a time to live, as in StreamingJoinOperatorTest', () => {
  it.each([
    ['testInnerJoinWithDifferentStateRetentionTime', 'inner', { left: 4000, right: 1000 }, [
      [1, 'L+ o1 l1 a', ''],
      [1, 'L+ o1 l2 a', ''],
      [1, 'R+ l2 AIR', '+o1 l2 a AIR'],
      [3000, 'L+ o1 l2 b', ''],
      [3000, 'R+ l2 SHIP', '+o1 l2 a SHIP, +o1 l2 b SHIP'],
      [3999, 'R- l2 SHIP', '-o1 l2 a SHIP, -o1 l2 b SHIP'],
      [4001, 'R+ l1 TRUCK', ''],
      [7000, 'R+ l2 RAIL', ''],
    ]],
    ['testInnerJoinWithSameStateRetentionTime', 'inner', { left: 4000, right: 4000 }, [
      [1, 'L+ o1 l1 a', ''],
      [1, 'R+ l2 AIR', ''],
      [4000, 'L+ o1 l2 b', '+o1 l2 b AIR'],
      [4001, 'R+ l1 TRUCK', ''],
      [7999, 'R+ l2 TRUCK', '+o1 l2 b TRUCK'],
      [8000, 'R+ l2 RAIL', ''],
    ]],
    ['testLeftOuterJoinWithDifferentStateRetentionTime', 'left', { left: 4000, right: 1000 }, [
      [1, 'L+ o1 l1 a', '+o1 l1 a ∅'],
      [1, 'L+ o1 l2 a', '+o1 l2 a ∅'],
      [1, 'R+ l2 AIR', '-o1 l2 a ∅, +o1 l2 a AIR'],
      [3000, 'L+ o1 l2 b', '+o1 l2 b ∅'],
      [3000, 'R- l2 AIR', ''],
      [3000, 'R+ l2 SHIP', '-o1 l2 b ∅, +o1 l2 a SHIP, +o1 l2 b SHIP'],
      [4001, 'R+ l1 TRUCK', ''],
      [4001, 'L- o1 l1 a', ''],
      [4001, 'L- o1 l2 b', ''],
    ]],
    ['a semi join takes back what it gave, though what it met is forgotten', 'semi', { right: 1000 }, [
      [1, 'R+ l1 AIR', ''],
      [2, 'L+ o1 l1 a', '+o1 l1 a'],
      [2, 'L+ o2 l1 b', '+o2 l1 b'],
      [2000, 'L+ o3 l1 c', ''],
      [2000, 'L- o1 l1 a', '-o1 l1 a'],
      [2000, 'L- o3 l1 c', ''],
    ]],
    ['one side alone, whose rows without a key are no matter of age', 'full', { right: 1000 }, [
      [1, 'L+ o1 l1 a', '+o1 l1 a ∅'],
      [1, 'R+ l2 AIR', '+∅ l2 ∅ AIR'],
      [9999, 'R- l2 AIR', ''],
      [9999, 'R+ l1 AIR', '-o1 l1 a ∅, +o1 l1 a AIR'],
    ]],
  ] as const)('%s', async (_, how, ttlMs, steps) => {
    for (const isSwept of [false, true]) {
      const clock = handClock()
      let harness = await operatorHarness(changingJoinOperator, { ...params(how), ttlMs }, [...schemas], { hidden, bounded: false, clock })
      for (const [now, step, expected] of steps) {
        clock.set(now)
        if (isSwept) {
          harness.tick(now)
          const runs = harness.snapshot()
          harness.close()
          harness = await operatorHarness(changingJoinOperator, { ...params(how), ttlMs }, [...schemas], { hidden, bounded: false, clock })
          harness.restore(runs)
        }
        expect(feed(harness, step), `${now} ${step}`).toBe(expected)
      }
      harness.close()
    }
  })

  it('rows that are forgotten give their memory back', async () => {
    const clock = handClock()
    const harness = await operatorHarness(changingJoinOperator, { ...params('left'), ttlMs: { left: 100, right: 100 } }, [...schemas], { hidden, bounded: false, clock })
    const used: number[] = []
    for (let now = 0; now < 20_000; now += 50) {
      clock.set(now)
      harness.tick(now)
      harness.push(Array.from({ length: 500 }, (_, i) => ({ item: `key ${now + i}`, mode: 'a text of some length', $change: 0 })), 1)
      used.push(harness.device.pages.used())
    }
    expect(Math.max(...used.slice(200))).toBe(Math.max(...used.slice(50, 200)))
    harness.close()
  })
})

// Rows of few keys that come, and of those that hold some go: batches mix both.
function sample(seed: number) {
  const chance = random(seed)
  const held: PlainRow[][] = [[], []]
  return Array.from({ length: 500 }, () => {
    const side = chance.int(3) === 0 ? 1 : 0
    const mine = held[side]!
    if (mine.length > 8 && chance.int(5) < 2) return { side, change: chance.int(2) ? 3 : 1, row: mine.splice(chance.int(mine.length), 1)[0]! }
    const key = chance.int(10) === 0 ? null : `key ${chance.int(20)} of some length`
    const row: PlainRow = side === 0 ? { order: `order ${chance.int(3)}`, line: key, address: `a long address ${chance.int(4)}` } : { item: key, mode: `${chance.int(4)}` }
    mine.push(row)
    return { side, change: chance.int(2) ? 0 : 2, row }
  })
}

const net = (all: readonly ChangedRow[]) => netOf(all.map(({ change, row }) => ({ change: change % 2 ? 3 : 0, row })))

it.each(['inner', 'left', 'right', 'full', 'semi', 'anti'] as const)('%s: holds what the join of the rows that hold gives, whatever the batches, over restarts at other parallelisms', async how => {
  const device = await createDevice({ relaxed: false })
  const condition = { kind: 'call', fn: 'ne', args: [{ kind: 'column', name: 'right.mode' }, { kind: 'literal', value: '2' }] }
  for (const [seed, batchRows, where] of [[1, 1, undefined], [2, 7, condition], [3, 100, undefined]] as const) {
    const events = sample(seed)
    const chance = random(seed)
    const held = [0, 1].map(side => {
      const rows = new Map<string, PlainRow[]>()
      for (const { change, row } of events.filter(event => event.side === side)) {
        const same = rows.get(keyText(row as never)) ?? []
        if (change % 2) same.pop()
        else same.push(row)
        rows.set(keyText(row as never), same)
      }
      return [...rows.values()].flat()
    })
    const expected = naiveJoin({ left: held[0]!, right: held[1]!, leftNames: ['order', 'line', 'address'], rightNames: ['item', 'mode'], keys: [['line', 'item']], how, ...(where && { where: (_, r) => r['mode'] !== '2' }) }).map(row => keyText(row as never)).sort()
    const all: ChangedRow[] = []
    let runs: StateRun[] = []
    let fed = 0
    while (fed < events.length) {
      const parallelism = 1 + chance.int(3)
      const end = chance.int(3) === 0 ? events.length : Math.min(events.length, fed + chance.int(250))
      const owners = ownersOf(device, events.map(({ row }) => row['line'] ?? row['item'] ?? null), parallelism)
      const instances: OperatorHarness[] = []
      for (let instance = 0; instance < parallelism; instance++) instances.push(await operatorHarness(changingJoinOperator, params(how, where), [...schemas], { hidden, instance, parallelism, bounded: false }))
      for (const each of instances) each.restore(runs)
      for (; fed < end; fed += batchRows) {
        for (const side of [0, 1]) for (const [i, each] of instances.entries()) {
          const rows = events.slice(fed, Math.min(end, fed + batchRows)).flatMap((event, at) => (event.side === side && owners[fed + at] === i ? [{ ...event.row, $change: event.change }] : []))
          if (rows.length > 0) each.push(rows, side)
        }
      }
      fed = Math.min(fed, end)
      runs = instances.flatMap(each => each.snapshot())
      for (const each of instances) all.push(...changes(each))
      for (const each of instances) each.close()
    }
    expect(expected.length).toBeGreaterThan(5)
    expect(net(all)).toEqual(expected)
  }
})

it.each(['inner', 'left', 'right', 'full', 'semi', 'anti'] as const)('%s with a time to live: takes nothing back that it hadn’t given', async how => {
  for (const ttlMs of [{ left: 40, right: 40 }, { left: 25 }, { right: 90 }]) {
    const clock = handClock()
    let harness = await operatorHarness(changingJoinOperator, { ...params(how), ttlMs }, [...schemas], { hidden, bounded: false, clock })
    const all: ChangedRow[] = []
    for (const [now, { side, change, row }] of sample(5).slice(0, 300).entries()) {
      clock.set(now)
      harness.push([{ ...row, $change: change }], side)
      if (now % 7 === 0) harness.tick(now)
      if (now % 50 !== 49) continue
      all.push(...changes(harness))
      const runs = harness.snapshot()
      harness.close()
      harness = await operatorHarness(changingJoinOperator, { ...params(how), ttlMs }, [...schemas], { hidden, bounded: false, clock })
      harness.restore(runs)
    }
    expect(net(all).length).toBeGreaterThan(5)
    harness.close()
  }
})
