import { describe, expect, it } from 'vitest'
import type { StageSpec } from '../../src/plan/stages.ts'
import { type Consumer, type Item, queueItemsMax } from '../../src/schedule/flow.ts'
import type { TaskHost } from '../../src/schedule/host.ts'
import type { TaskMessage } from '../../src/schedule/messages.ts'
import { BatchesInFlight } from '../../src/schedule/batches-in-flight.ts'
import type { Instance } from '../../src/schedule/stage-listener.ts'
import { StageRun } from '../../src/schedule/stage-run.ts'
import { pageBytes } from '../../src/device/pages.ts'
import { createDevice } from '../../src/device/device.ts'

const device = await createDevice()

/** A reader that writes down what it is given. */
function recorder(): Consumer & { items: string[]; since: (number | undefined)[]; isFull: boolean } {
  return {
    items: [],
    since: [],
    isFull: false,
    enqueue(item: Item) {
      if (item.kind === 'batch' && item.parts) this.since.push(item.sinceMs)
      this.items.push(item.kind === 'batch' ? (item.parts ? `batch ${item.parts[0]![0]}` : `watermark ${item.watermark}`) : item.kind === 'barrier' ? `barrier ${item.barrier.epoch}` : 'end')
    },
    hasRoom() {
      return !this.isFull
    },
    wanted: () => true,
  }
}

/** A stage over threads that answer when the test says so. */
function stage(more: Partial<StageSpec> = {}, instanceCount = 2) {
  const spec: StageSpec = { index: 0, placement: 'any', parallelism: instanceCount, inputs: [[]], steps: [], outputs: [], ...more }
  const sent: { instance: number; message: Exclude<TaskMessage, { type: 'open' | 'close' }> }[] = []
  const instances: Instance[] = Array.from({ length: instanceCount }, (_, i) => ({
    host: { send: message => void sent.push({ instance: i, message: message as never }), onReply: () => {}, onDeath: () => {}, dead: false, close: async () => {} } satisfies TaskHost,
    task: i + 1,
    inFlight: 0,
    sentMs: 0,
  }))
  const released: number[] = []
  const memory = { isFree: true }
  const time = { ms: 0 }
  const batches = new BatchesInFlight(device, 4 * pageBytes)
  const failures: Error[] = []
  const snapshots: number[] = []
  const run = new StageRun(spec, instances, {
    batches,
    failed: error => void failures.push(error),
    counted: () => {},
    snapshotTaken: barrier => void snapshots.push(barrier.epoch),
    release: batch => void released.push(batch[0]!),
    moved: () => {},
    mayRead: () => memory.isFree,
    batchRows: () => 1_024,
    elapsed: () => time.ms,
  })
  const reader = recorder()
  run.targets = [{ consumer: reader, port: 0 }]
  const reply = (index: number, facts: { rows?: number; arena?: number; error?: string; more?: boolean; paused?: boolean } = {}) => {
    const { instance, message } = sent[index]!
    const outputs = facts.rows === undefined ? [] : [{ output: 0, parts: [[facts.rows, facts.arena ?? 0]] }]
    run.replied(instance, { task: message.task, seq: message.seq, outputs, ...(facts.more && { more: true }), ...(facts.paused && { paused: true }), ...(facts.error && { error: { kind: 'DataError', code: 'X', message: facts.error } }) })
  }
  const batch = (rows: number, arena = 0): Item => ({ kind: 'batch', parts: [[rows, arena]] })
  return { run, sent, reader, reply, batch, released, failures, snapshots, memory, batches, time }
}

describe('a stage', () => {
  it('puts results back into the order of its input, whichever thread is first', () => {
    const { run, reader, reply, batch } = stage()
    for (const rows of [1, 2, 3]) run.enqueue(batch(rows), 0)
    reply(2, { rows: 30 })
    reply(1, { rows: 20 })
    expect(reader.items).toEqual([])
    reply(0, { rows: 10 })
    expect(reader.items).toEqual(['batch 10', 'batch 20', 'batch 30'])
  })

  it('passes on since when rows are on their way: of a scan since it was told to read, else since what it came of', () => {
    const { run, reader, reply, batch, time } = stage({}, 1)
    run.enqueue({ ...batch(1), sinceMs: 40 } as Item, 0)
    run.enqueue(batch(2), 0)
    time.ms = 100
    reply(0, { rows: 10 })
    reply(1, { rows: 20 })
    expect(reader.since).toEqual([40, undefined])
    const scan = stage({ scan: { kind: 'generated', id: 'scan', options: {} } as never }, 1)
    scan.time.ms = 5
    scan.run.addSplit({} as never)
    expect(scan.sent[0]!.message).toMatchObject({ type: 'split', batchRows: 1_024 })
    scan.time.ms = 50
    scan.reply(0, { rows: 1, paused: true })
    scan.time.ms = 70
    scan.reply(1, { rows: 2 })
    expect(scan.reader.since).toEqual([5, 50])
  })

  it('tells all instances of splits that they share, and begins what is behind them once it has room', () => {
    const { run, sent, reader, reply } = stage()
    for (const taken of [64, 68, 72]) run.addSharedSplits({ splits: [{ n: 1 }, { n: 2 }], taken })
    run.enqueue({ kind: 'end' }, 0)
    const told = () => sent.map(({ instance, message }) => `${message.type} ${(message as { taken?: number }).taken ?? ''} to ${instance}`)
    expect(told()).toEqual(['splits 64 to 0', 'splits 64 to 1', 'splits 68 to 0', 'splits 68 to 1'])
    reply(0, { rows: 1 })
    expect([told().length, reader.items]).toEqual([4, []])
    reply(1, { rows: 2 })
    expect([told().slice(4), reader.items]).toEqual([['splits 72 to 0', 'splits 72 to 1', 'finish  to 0', 'finish  to 1'], ['batch 1', 'batch 2']])
  })

  it('counts what waits for it, what its threads work on, and results that wait for their turn', () => {
    const { run, reply, batch, batches } = stage({}, 1)
    const arenas = Array.from({ length: 5 }, () => device.arena())
    arenas.slice(0, 3).forEach((arena, i) => run.enqueue(batch(i, arena.address), 0))
    run.enqueue(batch(3), 0)
    const pages = () => batches.bytes / pageBytes
    expect([pages(), batches.isCrowded]).toEqual([3, false])
    reply(1, { rows: 1, arena: arenas[3]!.address })
    expect(pages()).toBe(3)
    reply(0, { rows: 0, arena: arenas[4]!.address })
    expect(pages()).toBe(1)
    reply(2)
    reply(3)
    expect([batches.bytes, batches.peakBytes]).toEqual([0, 3 * pageBytes])
    for (const arena of arenas) arena.release()
  })

  it('has at most two messages under way on each thread, and tells when it is full', () => {
    const { run, sent, reply, batch } = stage()
    for (let rows = 1; rows <= 4 + queueItemsMax; rows++) run.enqueue(batch(rows), 0)
    expect(sent).toHaveLength(4)
    expect(run.hasRoom(0)).toBe(false)
    reply(0)
    expect(sent).toHaveLength(5)
    expect(run.hasRoom(0)).toBe(true)
  })

  it('waits while its reader is full', () => {
    const { run, sent, reader, batch } = stage()
    reader.isFull = true
    run.enqueue(batch(1), 0)
    expect(sent).toHaveLength(0)
    reader.isFull = false
    run.pump()
    expect(sent).toHaveLength(1)
  })

  it('lets a barrier pass behind everything before it, and nothing past it', () => {
    const { run, sent, reader, reply, batch, snapshots } = stage()
    run.enqueue(batch(1), 0)
    run.enqueue({ kind: 'barrier', barrier: { epoch: 7, final: false, finished: false, snapshot: true } }, 0)
    run.enqueue(batch(2), 0)
    expect(sent.map(s => s.message.type)).toEqual(['push'])
    reply(0, { rows: 10 })
    expect(sent.map(s => s.message.type)).toEqual(['push', 'snapshot', 'snapshot'])
    reply(1)
    expect(snapshots).toEqual([])
    reply(2)
    expect(snapshots).toEqual([7])
    reply(3, { rows: 20 })
    expect(reader.items).toEqual(['batch 10', 'barrier 7', 'batch 20'])
  })

  it('aligns the barriers of two inputs: what comes behind the first waits for the other', () => {
    const { run, sent, batch } = stage({ placement: 'single', inputs: [[], []] }, 1)
    const barrier: Item = { kind: 'barrier', barrier: { epoch: 1, final: false, finished: false, snapshot: true } }
    run.enqueue(barrier, 0)
    run.enqueue(batch(1), 0)
    run.enqueue(batch(2), 1)
    expect(sent.map(s => s.message.type === 'push' && s.message.port)).toEqual([1])
  })

  it('gives a table to every instance before anything of the other input, whatever that is', () => {
    const { run, sent, reply, batch } = stage({ inputs: [[], []], tables: [{ port: 1, step: 0, buffers: false }] }, 2)
    run.enqueue(batch(1), 0)
    run.addSplit({ id: 1 })
    expect(run.gated).toBe(true)
    run.enqueue({ kind: 'batch', parts: [[2, 64], [2, 64]] }, 1)
    run.enqueue({ kind: 'end' }, 1)
    expect(run.gated).toBe(false)
    for (let i = 0; i < 4; i++) reply(i)
    expect(sent.map(s => [s.instance, s.message.type, (s.message as { port?: number }).port])).toEqual([
      [0, 'push', 1], [1, 'push', 1], [0, 'finish', 1], [1, 'finish', 1], [0, 'push', 0], [1, 'split', undefined],
    ])
  })

  it('takes any number of batches before its tables only where others may wait for their producer', () => {
    for (const buffers of [false, true]) {
      const { run, batch } = stage({ inputs: [[], []], tables: [{ port: 1, step: 0, buffers }] }, 1)
      for (let i = 0; i < 2 * queueItemsMax; i++) run.enqueue(batch(1), 0)
      expect(run.hasRoom(0)).toBe(buffers)
      expect(run.hasRoom(1)).toBe(true)
      run.abandon()
    }
  })

  it('asks for the rest of a result piece by piece: round by round, the first instance first, once its reader has room', () => {
    const { run, sent, reader, reply } = stage({ placement: 'shared' })
    run.enqueue({ kind: 'end' }, 0)
    reply(1, { rows: 2, more: true })
    reply(0, { rows: 1, more: true })
    expect(sent.map(s => s.message.type)).toEqual(['finish', 'finish', 'drain', 'drain'])
    reader.isFull = true
    reply(2, { rows: 3, more: true })
    reply(3, { rows: 4 })
    expect(sent).toHaveLength(4)
    reader.isFull = false
    run.pump()
    expect(sent.slice(4).map(s => s.instance)).toEqual([0])
    reply(4, { rows: 5 })
    expect(reader.items).toEqual(['batch 1', 'batch 2', 'batch 3', 'batch 4', 'batch 5', 'end'])
  })

  it('gives back what it holds when it is abandoned, and what comes back afterwards', () => {
    const { run, reply, batch, released, reader, failures } = stage()
    for (const rows of [1, 2, 3, 4, 5, 6]) run.enqueue(batch(rows), 0)
    reply(0, { error: 'cut' })
    expect(failures.map(e => e.message)).toEqual(['cut'])
    run.abandon()
    expect(released).toEqual([5, 6])
    run.enqueue(batch(7), 0)
    reply(1, { rows: 20 })
    expect(released).toEqual([5, 6, 7, 20])
    expect(reader.items).toEqual([])
  })

  const splits = (run: StageRun, count: number) => {
    for (let i = 0; i < count; i++) run.addSplit({ file: i })
  }
  const scan = { id: 'scan', kind: 'csv', options: null }
  const told = (sent: { instance: number; message: TaskMessage }[]) => sent.map(s => `${s.instance} ${s.message.type} ${s.message.seq}`)

  it('passes the parts of a long split on as they come, while its reader has room', () => {
    const { run, sent, reader, reply } = stage({ scan }, 1)
    splits(run, 1)
    reply(0, { rows: 10, paused: true })
    expect(reader.items).toEqual(['batch 10'])
    expect(told(sent)).toEqual(['0 split 1', '0 continue 1'])
    reader.isFull = true
    reply(1, { rows: 20, paused: true })
    expect(reader.items).toEqual(['batch 10', 'batch 20'])
    expect(sent).toHaveLength(2)
    reader.isFull = false
    run.pump()
    expect(told(sent)).toEqual(['0 split 1', '0 continue 1', '0 continue 1'])
    reply(2, { rows: 30 })
    expect(reader.items).toEqual(['batch 10', 'batch 20', 'batch 30'])
    expect(run.quiet()).toBe(true)
  })

  it('lets a later split run ahead up to a bound, and keeps the order', () => {
    const { run, sent, reader, reply } = stage({ scan })
    splits(run, 2)
    for (let part = 0; part < 8; part++) reply(sent.length - 1, { rows: 100 + part, paused: true })
    expect(told(sent).filter(text => text === '1 continue 2')).toHaveLength(7)
    expect(reader.items).toEqual([])
    expect(run.quiet()).toBe(false)
    reply(0, { rows: 10, paused: true })
    expect(reader.items).toEqual(['batch 10'])
    reply(sent.length - 1, { rows: 11 })
    expect(reader.items).toEqual(['batch 10', 'batch 11', ...Array.from({ length: 8 }, (_, part) => `batch ${100 + part}`)])
    expect(told(sent).at(-1)).toBe('1 continue 2')
  })

  it('reads nothing further while memory is short', () => {
    const { run, sent, reply, memory } = stage({ scan }, 1)
    memory.isFree = false
    splits(run, 1)
    expect(sent).toHaveLength(0)
    memory.isFree = true
    run.pump()
    memory.isFree = false
    reply(0, { rows: 1, paused: true })
    expect(told(sent)).toEqual(['0 split 1'])
    memory.isFree = true
    run.pump()
    expect(told(sent)).toEqual(['0 split 1', '0 continue 1'])
  })

  it('is quiet where all that is under way waits behind a paused split', () => {
    const { run, sent, reply, memory } = stage({ scan }, 1)
    splits(run, 2)
    expect(told(sent)).toEqual(['0 split 1', '0 split 2'])
    memory.isFree = false
    reply(0, { rows: 1, paused: true })
    expect(run.quiet()).toBe(true)
    memory.isFree = true
    run.pump()
    expect(run.quiet()).toBe(false)
    expect(told(sent).at(-1)).toBe('0 continue 1')
  })

  it('gives back what waits for its turn when it is abandoned', () => {
    const { run, sent, reply, released } = stage({ scan })
    splits(run, 2)
    reply(1, { rows: 20, paused: true })
    run.abandon()
    expect(released).toEqual([20])
    const count = sent.length
    reply(0, { rows: 10, paused: true })
    reply(count - 1, { rows: 21 })
    expect(released).toEqual([20, 10, 21])
    expect(sent).toHaveLength(count)
  })
})
