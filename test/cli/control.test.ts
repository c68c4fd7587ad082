// Jobs of the installed command, steered from other processes. Needs dist/, which `npm test` builds first.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
import { read } from '../../src/frame/read.ts'
import { registerJob, secureSocket } from '../../src/storage/job-registry.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/cli/main.js')
// Inside the repository, so that `millrace` is this package; ignored by git.
mkdirSync(join(root, '.cache'), { recursive: true })
const programs = mkdtempSync(join(root, '.cache', 'control-'))
afterAll(async () => {
  await closeEngines()
  rmSync(programs, { recursive: true, force: true })
})

const rowsOf = 20_000
const keyOf = (n: number) => n % 7
// Numbers at 4 a millisecond at most, counted by key and second of event time. In the first run the stream never ends.
const program = `
import { from, source, count, sum, tumble, write } from 'millrace'
const ends = process.env.NUMBERS_END === '1'
const numbers = source({
  name: 'numbers', schema: { n: 'int32', key: 'int32', at: 'timestamp[ms]' }, start: 0, splits: () => [{ id: '0' }],
  async *read(split, position) {
    for (let n = position; n < ${rowsOf}; n += 4) {
      if (!ends) await new Promise(resolve => setTimeout(resolve, 1))
      yield { rows: [n, n + 1, n + 2, n + 3].map(i => ({ n: i, key: i % 7, at: new Date(i * 20) })), position: n + 4 }
    }
    while (!ends) await new Promise(resolve => setTimeout(resolve, 20))
  },
  bounded: ends,
})
const counted = from(numbers).watermark('at', { bound: 0 }).groupBy('key', tumble('at', '1s')).agg({ rows: count(), total: sum('n') }).to(write.ndjson(process.env.NUMBERS_OUT ?? 'out/'))
export { counted as default }
`

function oracle(): string[] {
  const groups = new Map<string, { rows: number; total: number }>()
  for (let n = 0; n < rowsOf; n++) {
    const name = `${keyOf(n)}/${Math.floor((n * 20) / 1_000)}`
    const group = groups.get(name) ?? { rows: 0, total: 0 }
    groups.set(name, { rows: group.rows + 1, total: group.total + n })
  }
  return [...groups].map(([name, { rows, total }]) => `${name}: ${rows} ${total}`).sort()
}

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

describe.skipIf(process.platform === 'win32')('another shell', () => {
  let folder: string
  let runtime: string
  const children = new Set<ChildProcess>()
  beforeAll(async () => {
    await writeFile(join(programs, 'numbers.mjs'), program)
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(programs, 'case-'))
    runtime = await mkdtemp(join(tmpdir(), 'millrace-'))
    await cp(join(programs, 'numbers.mjs'), join(folder, 'numbers.mjs'))
  })
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL')
    await rm(runtime, { recursive: true, force: true })
  })

  function start(line: string, environment: Record<string, string> = {}): { child: ChildProcess; ended: Promise<Ended>; error: () => string } {
    const child = spawn(process.execPath, [main, ...line.split(' ')], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, XDG_RUNTIME_DIR: runtime, TMPDIR: runtime, ...environment },
    })
    children.add(child)
    let out = ''
    let error = ''
    child.stdout!.setEncoding('utf8').on('data', text => (out += text))
    child.stderr!.setEncoding('utf8').on('data', text => (error += text))
    const ended = new Promise<Ended>(resolve => child.on('close', code => resolve({ code, out, error })))
    void ended.then(() => children.delete(child))
    return { child, ended, error: () => error }
  }
  const run = (line: string, environment?: Record<string, string>) => start(line, environment).ended
  const jobs = async () =>
    (await run('jobs --json')).out
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as { id: string; name: string; pid: number; metrics?: { rowsRead: number } })
  const reached = async (rows: number, count = 1) => {
    for (;;) {
      const running = await jobs()
      if (children.size < count) throw new Error('a job has ended too early')
      if (running.length >= count && running.every(job => (job.metrics?.rowsRead ?? 0) >= rows)) return running
    }
  }
  const shown = async () => {
    const table = await read.ndjson(join(folder, 'out/'), { schema: { key: 'int32', window_start: 'timestamp[ms]', rows: 'int64', total: 'int64' } }).collect()
    return table.toArray().map(row => `${row.key}/${Number(row.window_start) / 1_000}: ${row.rows} ${row.total}`).sort()
  }

  it('makes a savepoint, stops the job, and every row is counted once by the job that goes on from it', async () => {
    const first = start('run numbers.mjs --workers 2 --checkpoint state/ --every 100ms --no-progress')
    await reached(400)
    const saved = await run('savepoint numbers saved/ --json')
    expect(saved).toMatchObject({ code: 0, error: '' })
    const savepoint = JSON.parse(saved.out) as { epoch: number; path: string }
    expect(savepoint.path).toBe(join(folder, 'saved'))
    // Windows that come after the savepoint are shown, and undone by whoever goes on from it.
    const [job] = await reached(Math.min(rowsOf, ((await jobs())[0]?.metrics?.rowsRead ?? 0) + 400))
    const stopped = await run('stop numbers')
    expect(stopped).toMatchObject({ code: 0, out: expect.stringMatching(/^numbers stopped behind epoch \d+\n$/), error: '' })
    expect(await first.ended).toMatchObject({ code: 0, error: '' })
    const again = await run('run numbers.mjs --workers 3 --checkpoint state/ --restore saved/ --no-progress', { NUMBERS_END: '1' })
    expect(again).toMatchObject({ code: 0, error: '' })
    expect(await shown()).toEqual(oracle())
    expect(job!.name).toBe('numbers')
  }, 60_000)

  it('stops with a savepoint, from which the job goes on elsewhere', async () => {
    const first = start('run numbers.mjs --checkpoint state/ --no-progress')
    await reached(400)
    const stopped = await run('stop numbers --savepoint saved')
    expect(stopped).toMatchObject({ code: 0, error: '', out: expect.stringMatching(/^numbers stopped behind epoch (\d+)\n.*saved: savepoint of epoch \1, \d+ files?, \d.*B\n$/s) })
    expect((await first.ended).code).toBe(0)
    await cp(join(folder, 'saved'), join(folder, 'moved'), { recursive: true })
    for (const name of ['saved', 'state']) await rm(join(folder, name), { recursive: true })
    expect(await run('run numbers.mjs --checkpoint other/ --restore moved --no-progress', { NUMBERS_END: '1' })).toMatchObject({ code: 0, error: '' })
    expect(await shown()).toEqual(oracle())
  }, 60_000)

  it('cancels: what was not committed is undone, and the next start makes it again', async () => {
    const first = start('run numbers.mjs --checkpoint state/ --every 100ms --name bids --no-progress')
    await reached(400)
    expect(await run('cancel bids')).toMatchObject({ code: 0, out: expect.stringMatching(/^bids cancelled/) })
    expect(await first.ended).toMatchObject({ code: 130, error: 'cancelled\n' })
    expect(await run('run numbers.mjs --checkpoint state/ --name bids --no-progress', { NUMBERS_END: '1' })).toMatchObject({ code: 0 })
    expect(await shown()).toEqual(oracle())
  }, 60_000)

  it('finds jobs by name, process and the beginning of an id, and says what runs', async () => {
    expect(await run('stop numbers')).toMatchObject({ code: 1, error: 'error: millrace: no running job "numbers"; no job runs that another shell can reach\n' })
    expect((await run('jobs')).out).toBe('no jobs\n')
    const started = [start('run numbers.mjs --checkpoint a/ --name bids --no-progress'), start('run numbers.mjs --checkpoint b/ --name bids --no-progress', { NUMBERS_OUT: 'other/' })]
    const running = await reached(1, 2)
    const table = (await run('jobs')).out
    for (const { id, pid } of running) expect(table).toMatch(new RegExp(`${id} +│ +bids +│ +${pid} `))
    expect(await run('stop bids')).toMatchObject({ code: 2, error: expect.stringMatching(/"bids" means 2 running jobs: bids \([0-9a-f]{8}, process \d+\), bids/) })
    expect(await run('stop bidz')).toMatchObject({ code: 1, error: expect.stringContaining('did you mean "bids"?') })
    expect(await run('stop')).toMatchObject({ code: 2 })
    expect(await run(`savepoint ${running[0]!.pid} ${folder}`)).toMatchObject({ code: 1, error: expect.stringContaining('needs a folder of its own') })
    expect(await run(`stop ${running[0]!.pid} --json`)).toMatchObject({ code: 0, out: expect.stringContaining('"ended":"stopped"') })
    expect(await run(`cancel ${running[1]!.id.slice(0, 6)}`)).toMatchObject({ code: 0 })
    expect((await Promise.all(started.map(s => s.ended))).map(s => s.code).sort()).toEqual([0, 130])
    expect((await run('jobs')).out).toBe('no jobs\n')
  }, 60_000)

  it('notices a job that was killed, and one that keeps no state', async () => {
    const { child, ended } = start('run numbers.mjs --no-progress')
    await reached(1)
    expect(await run('savepoint numbers saved/')).toMatchObject({ code: 2, error: expect.stringContaining('the job keeps no state on disk') })
    child.kill('SIGKILL')
    await ended
    expect((await readdir(join(runtime, 'millrace'))).length).toBe(2)
    expect(await run('stop numbers')).toMatchObject({ code: 1, error: expect.stringContaining('no job runs') })
    expect(await readdir(join(runtime, 'millrace'))).toEqual([])
  }, 60_000)

  it('need not wait for a job to end, and hears what goes wrong there', async () => {
    const registration = await registerJob({ name: 'slow', job: 'slow', startedAt: 1 }, [join(runtime, 'millrace')])
    const replies = ['nonsense\n', '{"failed":{"kind":"ConnectorError","code":"DISK_FULL","message":"saved: the disk is full"}}\n', '{"done":{"ended":"cancelled"}}\n']
    let asked: (() => void) | undefined
    const server = createServer(socket => {
      socket.on('error', () => {})
      socket.once('data', () => (asked ? asked() : socket.end(replies.shift()!)))
    })
    await new Promise<void>(resolve => server.listen(registration.socket, resolve))
    await secureSocket(registration.socket)
    await registration.publish()
    expect(await run('stop slow')).toMatchObject({ code: 1, error: expect.stringContaining('no JSON object') })
    expect(await run('savepoint slow saved/')).toEqual({ code: 1, out: '', error: 'error: saved: the disk is full\n' })
    expect(await run('stop slow')).toMatchObject({ code: 1, error: expect.stringContaining('slow was cancelled, not drained') })
    const stopping = start('stop slow')
    asked = () => void stopping.child.kill('SIGINT')
    expect(await stopping.ended).toMatchObject({ code: 130, error: 'stopping slow was asked for and goes on; this shell no longer waits for it\ncancelled\n' })
    await registration.remove()
    await new Promise(resolve => server.close(resolve))
  }, 60_000)

  it('Ctrl-C lets a job with checkpoints finish what it took', async () => {
    const first = start('run numbers.mjs --checkpoint state/ --no-progress')
    await reached(400)
    first.child.kill('SIGINT')
    expect(await first.ended).toMatchObject({ code: 0, error: '\nfinishing what was taken; Ctrl-C again cancels\n' })
    expect(await run('run numbers.mjs --checkpoint state/ --no-progress', { NUMBERS_END: '1' })).toMatchObject({ code: 0 })
    expect(await shown()).toEqual(oracle())
  }, 60_000)

  it('a second Ctrl-C cancels what the first has not ended, and a job without checkpoints is cancelled by the first', async () => {
    const told = 'signal.addEventListener("abort", () => { clearInterval(timer); reject(signal.reason) }); drain.addEventListener("abort", () => console.log("draining"))'
    const stubborn = `export default { run: ({ signal, drain }) => new Promise((_, reject) => { const timer = setInterval(() => {}, 1000); ${told}; console.log("ready") }) }`
    await writeFile(join(folder, 'stubborn.mjs'), stubborn)
    const said = async (child: ChildProcess, word: string) => new Promise<void>(resolve => child.stdout!.on('data', (text: string) => text.includes(word) && resolve()))
    const keeping = start('run stubborn.mjs --checkpoint state/')
    await said(keeping.child, 'ready')
    const draining = said(keeping.child, 'draining')
    keeping.child.kill('SIGINT')
    await draining
    keeping.child.kill('SIGINT')
    expect(await keeping.ended).toMatchObject({ code: 130, out: 'ready\ndraining\n', error: '\nfinishing what was taken; Ctrl-C again cancels\ncancelled\n' })
    const keepingNothing = start('run stubborn.mjs')
    await said(keepingNothing.child, 'ready')
    keepingNothing.child.kill('SIGINT')
    expect(await keepingNothing.ended).toMatchObject({ code: 130, out: 'ready\n', error: 'cancelled\n' })
  }, 60_000)

  it('--watch tells how a job is doing, also while it finishes and when it has', async () => {
    const first = start('run numbers.mjs --checkpoint state/ --every 200ms --watch')
    await reached(400)
    expect((await run('jobs')).out).toMatch(/│ running +│/)
    first.child.kill('SIGTERM')
    const { code, out, error } = await first.ended
    expect({ code, out }).toEqual({ code: 0, out: '' })
    expect(error).toMatch(/^(numbers · running · .*\n)*numbers · ended · .* · [\d,]+ rows in, .*\/s · [\d,]+ rows out, .* · event time 1970-01-01 00:0\d:.* · epoch \d+ in .*\n$/)
  }, 60_000)

  it('runs the lines of the tour as they stand', async () => {
    const tour = `
npx millrace run job.ts --workers 4 --checkpoint state/ --watch
npx millrace savepoint JOB dir/         npx millrace stop JOB                     npx millrace audit verify state/audit`
    const [watch, savepoint, stop, verify] = tour.split('npx millrace ').slice(1).map(line => line.trim().replace('JOB', 'job')) as [string, string, string, string]
    // Compiled TypeScript lies in a package of its own, which finds this one as users' programs do.
    await mkdir(join(folder, 'node_modules'))
    await symlink(root, join(folder, 'node_modules', 'millrace'))
    await writeFile(join(folder, 'job.ts'), program.replace('read(split, position)', 'read(split: { id: string }, position: number)'))
    const first = start(watch)
    await reached(400)
    expect(await run(savepoint)).toMatchObject({ code: 0, out: expect.stringMatching(/dir: savepoint of epoch 1, \d+ files, .*B\n$/), error: '' })
    expect(await run(stop)).toMatchObject({ code: 0, out: 'job stopped behind epoch 2\n' })
    expect(await first.ended).toMatchObject({ code: 0, error: expect.stringMatching(/job · ended · .*\n$/) })
    expect(await run('run job.ts --checkpoint state/ --restore dir/ --audit state/audit --no-progress', { NUMBERS_END: '1' })).toMatchObject({ code: 0, error: '' })
    expect(await shown()).toEqual(oracle())
    expect(await run(verify)).toMatchObject({ code: 0, out: expect.stringMatching(/^ok: \d+ entries, the last one stop of job at /), error: '' })
  }, 60_000)
})
