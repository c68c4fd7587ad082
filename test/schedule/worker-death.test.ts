import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { asTrap } from '../../src/schedule/trap.ts'

const dist = pathToFileURL(`${fileURLToPath(new URL('../..', import.meta.url))}dist/`).href
const folder = mkdtempSync(join(tmpdir(), 'death-'))
const spill = mkdtempSync(join(folder, 'spill-'))
afterAll(() => rmSync(folder, { recursive: true }))

writeFileSync(
  join(folder, 'deaths.mjs'),
  `import { udf } from '${dist}frame/user-function.js'
const at = import.meta.url
export const leave = udf(at, 'leave', row => { if (row.id === 5000) process.exit(7); return { twice: row.id * 2 } })
export const lose = udf(at, 'lose', row => { if (row.id === 5000) setTimeout(() => { throw new RangeError('lost') }); return { twice: row.id * 2 } })
export const fail = udf(at, 'fail', row => { if (row.id === 5000) throw new RangeError('five thousand'); return { twice: row.id * 2 } })
export const twice = udf(at, 'twice', row => ({ twice: row.id * 2 }))
`,
)

// Each runs in a process of its own: what is proven is that it survives.
function program(body: string): unknown {
  writeFileSync(
    join(folder, 'program.mjs'),
    `import { count } from '${dist}frame/aggregates.js'
import { fromData as from } from '${dist}frame/from.js'
import { closeEngines, sharedEngine } from '${dist}engine.js'
import * as functions from './deaths.mjs'
const rows = from({ id: Int32Array.from({ length: 12000 }, (_, i) => i) })
const options = { workers: 2, batchRows: 500, spill: ${JSON.stringify(spill)}, memory: { total: '96MiB', state: '512KiB' } }
const run = name => rows.map(functions[name], { adds: { twice: 'int32' } }).groupBy('id', 'twice').agg({ n: count() }).collect(options)
const told = async job => { try { return (await job).numRows } catch (error) { return [error.name, error.code, error.message] } }
const used = async () => (await sharedEngine(options)).device.pages.used()
${body}
await closeEngines()
`,
  )
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(folder, 'program.mjs')], { encoding: 'utf8', timeout: 60_000 })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout)
}

describe('a worker that dies', () => {
  it.each([
    ['leave', 'WORKER_DIED', 'the thread ended with code 7'],
    ['lose', 'WORKER_DIED', 'lost'],
    ['fail', 'USER_FUNCTION', 'five thousand'],
  ])('or a function that throws (%s) fails its job, and the next one is well', { timeout: 90_000 }, (name, code, message) => {
    const found = program(`console.log(JSON.stringify([await told(run('${name}')), await told(run('twice')), await used()]))`) as [string[], number, number]
    expect(found[0][1]).toBe(code)
    expect(found[0][2]).toContain(message)
    expect(found.slice(1)).toEqual([12_000, 0])
    expect(readdirSync(spill)).toEqual([])
  })
})

describe('a trap', () => {
  it('is told as what it is', () => {
    // (func unreachable), started at once.
    const trapping = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 8, 1, 0, 10, 5, 1, 3, 0, 0, 11]))
    let trap: unknown
    try {
      new WebAssembly.Instance(trapping)
    } catch (thrown) {
      trap = thrown
    }
    expect(asTrap(trap)).toMatchObject({ name: 'DeviceError', code: 'KERNEL_TRAP', message: expect.stringContaining('unreachable'), cause: trap })
    const other = new RangeError('other')
    expect(asTrap(other)).toBe(other)
  })

  it('closes the engine, and the next job gets a fresh one', { timeout: 90_000 }, () => {
    const found = program(`import { asTrap } from '${dist}schedule/trap.js'
const before = await sharedEngine(options)
const job = await rows.map(functions.twice, { adds: { twice: 'int32' } }).to({ name: 'nothing', delivery: 'append', sink: 'user', options: null, bound: { name: 'nothing', delivery: 'append', write() {} } }).start(options)
job.started.run.fail(asTrap(Object.assign(new Error('unreachable'), { name: 'RuntimeError' })))
const failed = await told(job.done)
console.log(JSON.stringify([failed[1], before.dead, await told(run('twice')), before !== (await sharedEngine(options)), await used()]))`)
    expect(found).toEqual(['KERNEL_TRAP', true, 12_000, true, 0])
  })
})
