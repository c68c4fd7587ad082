// One seed, one story: a job is started, disturbed, killed and started again on a small world, until it ends in peace. What it has written must then be
// what the naive interpreter gives, and stay so when power is cut. A seed is the whole reproduction.
import { tmpdir } from 'node:os'
import { asError } from '../../src/base/errors.ts'
import { random } from '../../src/base/random.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { JobRun } from '../../src/schedule/job-run.ts'
import { openState } from '../../src/schedule/job-state.ts'
import type { TaskReply } from '../../src/schedule/messages.ts'
import { openAuditLog } from '../../src/storage/audit-log.ts'
import { verifyAudit } from '../../src/storage/audit-verify.ts'
import { localDirectory } from '../../src/storage/directory.ts'
import { diskFiles } from '../../src/storage/log-files.ts'
import { openTopicLog } from '../../src/storage/topic-log.ts'
import { createTopics } from '../../src/storage/topics.ts'
import { Disk } from './disk.ts'
import { SimulatedHost } from './host.ts'
import { type Entry, joinedTopic, makeRows, type Output, partitions, network, plannedJob, root, type Rows, type Shape, sumLine } from './job.ts'
import { Remote } from './remote.ts'
import { type Call, type Fault, Session } from './session.ts'
import { World } from './world.ts'

/** How a story went. */
export interface Story {
  readonly seed: number
  /** What was wrong with it; none where all was well. */
  readonly failure?: string
  readonly trace: readonly string[]
  readonly events: number
  /** Processes that were needed. */
  readonly processes: number
  /** Errors that a process ended with, by code. */
  readonly refusals: readonly string[]
}

/** Changes that plant a bug; see planted.ts. */
export interface Plant {
  session?(session: Session, disk: Disk): void
  host?(host: SimulatedHost): void
}

/** One life of a process. */
export interface Life {
  readonly workers: number
  readonly batchRows: number
  readonly latencyMs: number
  readonly epochMs: number
  readonly faultOf: (call: Call) => Fault | undefined
  /** So many of a thousand requests, and of their answers, are lost. */
  readonly lossPerMille: number
  readonly disturbances: readonly { readonly atMs: number; readonly what: 'kill' | 'thread' | 'drain' | 'cancel' | 'checkpoint' }[]
  /** Power is cut when it has ended; 'torn': even a single change of names may have happened by half. */
  readonly powerCut: 'none' | 'whole' | 'torn'
}

/** How a story is told. */
export interface Telling {
  readonly traced?: boolean
  readonly plant?: Plant
  /** The lives before the one in peace, and its own facts; by chance unless given. */
  readonly lives?: readonly Partial<Life>[]
  readonly peace?: Partial<Life>
  readonly rowCount?: number
  readonly shape?: Partial<Shape>
}

const lifeMsMax = 600_000
/** What may end a process whose disk, threads or owner trouble it. Anything else is a bug. */
const troubles = /^(DISK_(FULL|FAILED|SYNC)|FILE_(FAILED|SYNC)|TOPIC_(IO|FAILED)|CANCELLED|WORKER_DIED|USER_SINK|GONE)$/

let shared: Promise<Device> | undefined

/** Tells the story of a seed. */
export async function tell(seed: number, telling: Telling = {}): Promise<Story> {
  const restore = seedIdentities(seed)
  const teller = new Teller(seed, await (shared ??= createDevice()), telling)
  try {
    await teller.tell()
    return teller.story()
  } catch (error) {
    // What is still held belongs to a run that can't be ended.
    shared = undefined
    return teller.story(asError(error).stack)
  } finally {
    restore()
  }
}

// Names on disk are made of random identities.
function seedIdentities(seed: number): () => void {
  const chance = random(seed ^ 0x5eed)
  const own = crypto.randomUUID
  const hex = (digits: number) => Array.from({ length: digits }, () => chance.int(16).toString(16)).join('')
  crypto.randomUUID = () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`
  return () => {
    crypto.randomUUID = own
  }
}

class Teller {
  readonly #seed: number
  readonly #device: Device
  readonly #telling: Telling
  readonly #world: World
  readonly #disk = new Disk()
  readonly #rows: Rows
  readonly #shape: Shape
  readonly #refusals: string[] = []
  readonly #remote = new Remote()
  #processes = 0

  constructor(seed: number, device: Device, telling: Telling) {
    this.#seed = seed
    this.#device = device
    this.#telling = telling
    this.#world = new World(seed, telling.traced)
    this.#rows = makeRows(seed, telling.rowCount ?? 60 + this.#world.chance.int(140))
    const { chance } = this.#world
    this.#shape = { streams: chance.int(2) === 0, asks: chance.int(4) === 0, remote: chance.int(2) === 0, sink: (['parts', 'parts', 'folders', 'file', 'rolled', 'rolledFolders'] as const)[chance.int(6)]!, ...telling.shape }
  }

  story(failure?: string): Story {
    return { seed: this.#seed, ...(failure !== undefined && { failure }), trace: this.#world.trace, events: this.#world.events, processes: this.#processes, refusals: this.#refusals }
  }

  async tell(): Promise<void> {
    const { lives, peace = {} } = this.#telling
    await this.#prepare()
    const planned = lives?.map(life => this.#life(life)) ?? Array.from({ length: 1 + this.#world.chance.int(5) }, () => this.#troubledLife())
    for (const life of planned) {
      await this.#live(life, false)
      this.#cutPower(life.powerCut)
    }
    await this.#live(this.#life(peace), true)
    this.#cutPower('whole')
    await this.#check()
  }

  #cutPower(how: Life['powerCut']): void {
    if (how === 'none') return
    this.#world.note(() => 'power is cut')
    this.#disk.cutPower(this.#world.chance, how === 'torn')
  }

  async #prepare(): Promise<void> {
    this.#disk.makeFolder(root)
    this.#disk.syncFolder('/')
    const session = this.#session(0, () => undefined, () => {})
    const write = async (name: string, entries: readonly Entry[], partitionCount: number) => {
      const log = await openTopicLog(diskFiles(`${root}/topics/${name}`, session.files), { name, partitions: partitionCount })
      for (let at = 0; at < entries.length; ) {
        const some = entries.slice(at, (at += 1 + this.#world.chance.int(20)))
        await log.append(recordsOf(some))
      }
      await log.flush()
      await log.close()
    }
    await this.#ended(write('events', this.#rows.events, partitions).then(() => write('names', this.#rows.names, 1)))
  }

  #session(latencyMs: number, faultOf: Life['faultOf'], killed: () => void): Session {
    const session = new Session({ world: this.#world, disk: this.#disk, latencyMs, faultOf, killed })
    this.#telling.plant?.session?.(session, this.#disk)
    return session
  }

  // Lets the world go on until a promise has settled; throws what it rejects with.
  async #ended<T>(promise: Promise<T>): Promise<T> {
    let isOver = false
    const over = promise.finally(() => {
      isOver = true
    })
    over.catch(() => {})
    await this.#world.run(() => isOver, lifeMsMax)
    return over
  }

  #life(more: Partial<Life>): Life {
    const { chance } = this.#world
    return {
      workers: [0, 1, 2, 3][chance.int(4)]!,
      batchRows: [1, 7, 64][chance.int(3)]!,
      latencyMs: [0.2, 2, 8][chance.int(3)]!,
      epochMs: [1, 100, 300][chance.int(3)]!,
      faultOf: () => undefined,
      disturbances: [],
      lossPerMille: 0,
      powerCut: 'none',
      ...more,
    }
  }

  #troubledLife(): Life {
    const { chance } = this.#world
    const at = chance.int(2) === 0 ? chance.int(60) : chance.int(600)
    const count = 1 + (chance.int(4) === 0 ? chance.int(12) : 0)
    const atCalls = (fault: Fault, kinds?: RegExp) => {
      let left = count
      return { faultOf: (call: Call): Fault | undefined => (call.index >= at && left > 0 && (!kinds || kinds.test(call.kind)) && left-- > 0 ? fault : undefined) }
    }
    const disturbed = (what: Life['disturbances'][number]['what']) => ({ disturbances: [{ atMs: chance.float() * 10 ** (1 + chance.int(3)), what }] })
    const ways: (() => Partial<Life>)[] = [
      () => atCalls('before'),
      () => atCalls('after'),
      () => atCalls('before', /write|sync|names/),
      () => atCalls('after', /write|sync|names/),
      () => atCalls('EIO'),
      () => atCalls('EIO', /^sync$/),
      () => atCalls('EIO', /syncFolder/),
      () => atCalls('ENOSPC', /write|names/),
      () => atCalls('short', /write/),
      () => disturbed('kill'),
      () => disturbed('thread'),
      () => disturbed('drain'),
      () => disturbed('cancel'),
      () => disturbed('checkpoint'),
      () => ({ lossPerMille: 100 }),
      () => ({}),
    ]
    const trouble = () => ways[chance.int(ways.length)]!()
    // Seldom does it come alone.
    return this.#life({ ...trouble(), ...(this.#world.oneIn(3) && trouble()), powerCut: this.#world.oneIn(3) ? 'whole' : 'none' })
  }

  // One life. In peace, where nothing troubles it, it must end well.
  async #live(life: Life, inPeace: boolean): Promise<void> {
    const process = this.#processes++
    this.#world.note(() => `process ${process}: ${life.workers} threads, batches of ${life.batchRows}, epochs of ${life.epochMs} ms`)
    try {
      await this.#work(life)
      this.#world.note(() => `process ${process} has ended`)
    } catch (error) {
      const { code = 'NONE' } = asError(error) as { code?: string }
      this.#refusals.push(code)
      this.#world.note(() => `process ${process} has failed: ${asError(error).message}`)
      if (inPeace || !troubles.test(code)) throw error
    }
    const left = this.#device.pages.used()
    if (left > 0) throw new Error(`process ${process} has left ${left} pages in use`)
  }

  async #work(life: Life): Promise<void> {
    const { stages, resolved, bindings, fingerprint } = plannedJob(life.workers < 2 ? 0 : life.workers, this.#shape)
    const world = this.#world
    let killed = () => {}
    const session = this.#session(life.latencyMs, life.faultOf, () => killed())
    network.outside = this.#remote.over(world, life.lossPerMille)
    network.unsent.clear()
    const listeners = new Map<number, (reply: TaskReply) => void>()
    const hosts = Array.from({ length: stages.stages.some(stage => stage.parallelism > 1) ? life.workers + 1 : 1 }, (_, i) => new SimulatedHost(`thread ${i}`, this.#device, world, life.latencyMs))
    const topics = createTopics(session.files)
    let nextTask = 1
    const close: (() => Promise<unknown> | undefined)[] = [() => topics.close()]
    try {
      const state = await this.#ended(openState({ checkpoint: { dir: `${root}/state` } }, 'job', world.clock(), session.files))
      close.unshift(() => state.store?.close())
      const audit = await this.#ended(openAuditLog(localDirectory(`${root}/audit`, session.files), 'job', world.clock()))
      close.unshift(() => audit.close())
      const run = new JobRun(stages, resolved, {
        device: this.#device,
        clock: world.clock(),
        workers: hosts.slice(1),
        main: hosts[0]!,
        bindings,
        job: 'job',
        batchRows: life.batchRows,
        latencyMs: 50 * life.latencyMs,
        stateBytes: 1 << 28,
        crowdedPages: 1 << 14,
        batchBytes: 1 << 28,
        spillFolder: tmpdir(),
        epochMs: life.epochMs,
        fingerprint,
        retain: 1 + world.chance.int(3),
        ...state,
        audit,
        topics,
        files: session.output,
        nextTask: () => nextTask++,
        listen: (task, listener) => listeners.set(task, listener),
        unlisten: task => listeners.delete(task),
      })
      for (const host of hosts) host.runner.bindings = bindings
      killed = () => run.fail(Object.assign(new Error('the process is gone'), { code: 'GONE' }))
      for (const host of hosts) {
        host.onReply = reply => listeners.get(reply.task)?.(reply)
        host.onDeath = error => run.fail(error)
        this.#telling.plant?.host?.(host)
      }
      for (const { atMs, what } of life.disturbances) world.after(atMs, () => this.#disturb(what, run, session, hosts))
      await this.#ended(run.start().then(() => run.done))
    } finally {
      for (const step of close) await this.#ended(Promise.resolve(step())).catch(() => {})
    }
  }

  #disturb(what: Life['disturbances'][number]['what'], run: JobRun, session: Session, hosts: readonly SimulatedHost[]): void {
    this.#world.note(() => `disturbed: ${what}`)
    if (what === 'kill') {
      session.isGone = true
      run.fail(Object.assign(new Error('the process is gone'), { code: 'GONE' }))
    } else if (what === 'thread') hosts[this.#world.chance.int(hosts.length)]!.die()
    else if (what === 'checkpoint') void run.checkpoint().catch(() => {})
    else void run.stop({ drain: what === 'drain' }).catch(() => {})
  }

  async #check(): Promise<void> {
    const found = await this.#ended(this.#readBack())
    const audit = await this.#ended(verifyAudit(localDirectory(`${root}/audit`, this.#session(0, () => undefined, () => {}).files)))
    if (!audit.ok) throw new Error(`audit: ${JSON.stringify(audit)}`)
    const remote = this.#shape.remote && differenceOf(this.#rows.expected.sums, this.#remote.shown)
    if (remote) throw new Error(`remote: ${remote}`)
    for (const name of ['sums', 'joined', 'late', 'dead'] as const) {
      const difference = differenceOf(this.#rows.expected[name], found[name])
      if (difference) throw new Error(`${name}: ${difference}`)
    }
  }

  async #readBack(): Promise<Output> {
    const lines = (folder: string) =>
      this.#disk
        .paths(`${root}/${folder}`)
        .filter(path => !/\/\.[^/]*$/.test(path))
        .flatMap(path => {
          const rows = text.decode(this.#disk.file(path).bytes).split('\n').filter(Boolean)
          const [, k] = /\/k=(\d+)\//.exec(path) ?? []
          return rows.map((line): Record<string, unknown> => ({ ...(k !== undefined && { k: Number(k) }), ...(JSON.parse(line) as Record<string, unknown>) }))
        })
    const sums = lines(this.#shape.sink === 'file' ? 'sums.ndjson' : 'sums').map(row => sumLine(row['k'], Date.parse(String(row['window_end'])), row['n'], row['total'], row['top']))
    const late = lines('late').map(row => JSON.stringify([row['k'], row['v'], Date.parse(String(row['at']))]))
    const dead = lines('dead').map(row => JSON.stringify(row['value'] ?? row['text'] ?? row['record']))
    const session = this.#session(0, () => undefined, () => {})
    const log = await openTopicLog(diskFiles(`${root}/topics/${joinedTopic.name}`, session.files), { name: 'joined' })
    const joined: string[] = []
    for (let at = 0; at < log.recordCount; ) {
      const frame = (await log.read(at))!
      let start = 0
      for (const length of frame.valueLengths) {
        const { k, total, name } = JSON.parse(text.decode(frame.valueBytes.subarray(start, (start += length)))) as Record<string, unknown>
        joined.push(JSON.stringify([k, total, name]))
      }
      at = frame.sequence + frame.count
    }
    await log.close()
    return { sums: sums.sort(), joined: joined.sort(), late: late.sort(), dead: dead.sort() }
  }
}

const text = new TextDecoder()
const encoder = new TextEncoder()

function recordsOf(entries: readonly Entry[]) {
  const values = entries.map(({ value }) => encoder.encode(value))
  return {
    count: entries.length,
    partitions: Int32Array.from(entries, ({ partition }) => partition),
    timestampsMs: new Float64Array(entries.length),
    keyLengths: new Int32Array(entries.length).fill(-1),
    keyBytes: new Uint8Array(),
    valueLengths: Int32Array.from(values, value => value.length),
    valueBytes: Uint8Array.from(values.flatMap(value => [...value])),
  }
}

function differenceOf(expected: readonly string[], found: readonly string[]): string | undefined {
  const counts = new Map<string, number>()
  for (const line of found) counts.set(line, (counts.get(line) ?? 0) + 1)
  for (const line of expected) counts.set(line, (counts.get(line) ?? 0) - 1)
  const missing = [...counts].filter(([, by]) => by < 0)
  const surplus = [...counts].filter(([, by]) => by > 0)
  if (missing.length + surplus.length === 0) return undefined
  return `${missing.length} missing (${missing.slice(0, 3).map(([line]) => line).join(' ')}), ${surplus.length} too many (${surplus.slice(0, 3).map(([line]) => line).join(' ')}), of ${expected.length}`
}
