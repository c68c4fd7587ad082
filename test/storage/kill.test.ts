// A process that writes checkpoints and an audit log is killed with -9 again and again; what it leaves is always whole. Needs dist/.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { verifyAudit } from '../../src/storage/audit-verify.ts'
import { openCheckpointStore } from '../../src/storage/checkpoint-store.ts'
import { localDirectory } from '../../src/storage/directory.ts'

const dist = new URL('../../dist/storage/', import.meta.url).href
const key = 'ef'.repeat(32)
const program = `
import { openCheckpointStore } from '${dist}checkpoint-store.js'
import { localDirectory } from '${dist}directory.js'
import { openAuditLog } from '${dist}audit-log.js'
const [, , dir, encrypt] = process.argv
const store = await openCheckpointStore({ directory: localDirectory(dir + '/state'), job: 'bids', encrypt })
const audit = await openAuditLog(localDirectory(dir + '/audit'), 'bids')
const resumed = await store.newest()
await audit.record(resumed ? 'restore' : 'start', { epoch: resumed?.manifest.epoch ?? 0 })
for (let epoch = await store.nextEpoch(); ; epoch++) {
  const writer = await store.begin(epoch)
  for (let i = 0; i < 4; i++) writer.writeRun('window', i, { table: 't', keyGroups: { start: i * 32, end: i * 32 + 32 }, bytes: new Uint8Array(20_000).fill(epoch) })
  await writer.complete({ planFingerprint: 'p', keyHashVersion: 1, sources: { bids: epoch }, sinks: {}, operators: { window: 'w' }, watermarks: {} })
  await audit.record('sink-commit', { epoch })
  console.log(epoch)
  await store.retain(2)
}
`

it('a job killed with -9 leaves whole checkpoints and a whole audit log, and its locks are taken over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-'))
  const chance = random(Number(process.env.SEED ?? 17))
  try {
    await writeFile(`${folder}/job.mjs`, program)
    let reached = 0
    for (let kill = 0; kill < 6; kill++) {
      const epochs = await runUntilKilled([`${folder}/job.mjs`, folder, key], 1 + chance.int(4), chance.int(12))
      reached = Math.max(reached, ...epochs)
      const store = await openCheckpointStore({ directory: localDirectory(`${folder}/state`), job: 'bids', encrypt: key })
      const newest = (await store.newest())!
      expect(newest.manifest.epoch).toBeGreaterThanOrEqual(reached)
      for (const run of await newest.readRuns('window')) expect(run.bytes.every(byte => byte === (newest.manifest.epoch & 255))).toBe(true)
      await store.close()
      const check = await verifyAudit(localDirectory(`${folder}/audit`))
      expect(check).toMatchObject({ ok: true })
    }
    expect(reached).toBeGreaterThan(6)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

// Kills after `lineCount` printed epochs and some more turns of the event loop, so that the kill lands anywhere in an epoch.
function runUntilKilled(args: string[], lineCount: number, turns: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let error = ''
    let isKilled = false
    const killLater = (left: number): void => {
      if (left === 0) child.kill('SIGKILL')
      else setImmediate(killLater, left - 1)
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      if (isKilled || out.split('\n').length <= lineCount) return
      isKilled = true
      killLater(turns * 20)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text))
    child.on('close', () => (isKilled ? resolve(out.trim().split('\n').map(Number)) : reject(new Error(`the job ended by itself: ${error}`))))
  })
}
