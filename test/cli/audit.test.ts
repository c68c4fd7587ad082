import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openAuditLog } from '../../src/storage/audit-log.ts'
import { localDirectory } from '../../src/storage/directory.ts'
import { runCli } from '../support/run-cli.ts'

describe('millrace audit verify', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-'))
    const log = await openAuditLog(localDirectory(folder), 'bids', { now: () => 0, elapsed: () => 0, sleep: async () => {} })
    for (const event of ['start', 'checkpoint', 'stop'] as const) await log.record(event)
    await log.close()
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('says that a whole log is whole', async () => {
    expect(await runCli(['audit', 'verify', folder])).toEqual({
      code: 0,
      out: 'ok: 3 entries, the last one stop of bids at 1970-01-01T00:00:00.000Z\n',
      error: '',
    })
    expect(JSON.parse((await runCli(['audit', 'verify', folder, '--json'])).out)).toEqual({ ok: true, entries: 3, last: { event: 'stop', job: 'bids', time: '1970-01-01T00:00:00.000Z' }, pending: false })
    expect((await runCli(['audit', 'verify', folder, '--key', `${folder}/audit-key.pub.pem`])).code).toBe(0)
  })

  it('names the first line that was changed', async () => {
    const path = `${folder}/audit.ndjson`
    await writeFile(path, (await readFile(path, 'utf8')).replace('checkpoint', 'checkpaint'))
    const { code, error } = await runCli(['audit', 'verify', folder])
    expect(code).toBe(1)
    expect(error).toContain(`error: ${folder}, line 2: the line was changed`)
    const told = await runCli(['audit', 'verify', folder, '--json'])
    expect([told.code, told.error]).toEqual([1, ''])
    expect(JSON.parse(told.out)).toEqual({ ok: false, line: 2, reason: expect.stringContaining('the line was changed') })
  })

  it('refuses a key that is not there', async () => {
    expect(await runCli(['audit', 'verify', folder, '--key', 'none.pem'])).toMatchObject({
      code: 1,
      error: "error: --key none.pem: can't be read; check the path\n",
    })
  })
})
