import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openAuditLog } from '../../src/storage/audit-log.ts'
import { verifyAudit } from '../../src/storage/audit-verify.ts'
import { localDirectory } from '../../src/storage/directory.ts'
import { FaultyDisk } from '../support/faulty-directory.ts'

const clock = { now: () => 1_700_000_000_000, elapsed: () => 0, sleep: async () => {} }
const text = (data: Uint8Array) => new TextDecoder().decode(data)
const bytes = (value: string) => new TextEncoder().encode(value)
const logPath = 'audit/audit.ndjson'
const headPath = 'audit/audit-head.json'

async function logged(count: number): Promise<{ disk: FaultyDisk; directory: ReturnType<typeof localDirectory> }> {
  const disk = new FaultyDisk()
  const directory = localDirectory('audit', disk)
  const log = await openAuditLog(directory, 'bids', clock)
  await log.record('start', { plan: 'p1' })
  for (let epoch = 2; epoch <= count; epoch++) await log.record('sink-commit', { epoch })
  await log.close()
  return { disk, directory }
}

describe('openAuditLog', () => {
  it('chains entries and goes on after a restart', async () => {
    const { disk, directory } = await logged(3)
    const again = await openAuditLog(directory, 'bids', clock)
    await Promise.all([again.record('restore', { epoch: 2 }), again.record('stop')])
    await again.close()
    const lines = text(disk.contents(logPath))
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines.map(line => [line.seq, line.event])).toEqual([
      [1, 'start'],
      [2, 'sink-commit'],
      [3, 'sink-commit'],
      [4, 'restore'],
      [5, 'stop'],
    ])
    expect(lines[0]).toMatchObject({ time: '2023-11-14T22:13:20.000Z', job: 'bids', details: { plan: 'p1' }, prev: '0'.repeat(64) })
    expect(await verifyAudit(directory)).toMatchObject({ ok: true, entries: 5, pending: false })
  })

  it('verifies an empty directory as no entries', async () => {
    expect(await verifyAudit(localDirectory('none', new FaultyDisk()))).toMatchObject({ ok: true, entries: 0 })
  })

  it('mends the newest line where a power cut has left zeros in it, and no other', async () => {
    const { disk, directory } = await logged(3)
    const whole = text(disk.contents(logPath))
    const start = whole.lastIndexOf('\n', whole.length - 2) + 1
    for (const [from, to] of [[start, whole.length], [start + 9, start + 40], [whole.length - 5, whole.length]] as const) {
      disk.tamper(logPath, log => log.fill(0, from, to))
      expect(await verifyAudit(directory)).toMatchObject({ ok: true, pending: true })
      await (await openAuditLog(directory, 'bids', clock)).close()
      expect(text(disk.contents(logPath))).toBe(whole)
    }
    disk.tamper(logPath, log => log.fill(0, 9, 40))
    expect(await verifyAudit(directory)).toMatchObject({ ok: false, line: 1 })
    await expect(openAuditLog(directory, 'bids', clock)).rejects.toMatchObject({ code: 'AUDIT_BROKEN' })
  })

  it('serves one writer at a time', async () => {
    const directory = localDirectory('audit', new FaultyDisk())
    const log = await openAuditLog(directory, 'bids', clock)
    await expect(openAuditLog(directory, 'bids', clock)).rejects.toMatchObject({ code: 'AUDIT_LOCKED' })
    await log.close()
  })

  it('keeps secrets out of the log', async () => {
    const { secret, reveal } = await import('../../src/base/secret.ts')
    process.env.TEST_AUDIT_SECRET = 'hunter2"\\hunter2'
    reveal(secret('TEST_AUDIT_SECRET'), 'test')
    const disk = new FaultyDisk()
    const log = await openAuditLog(localDirectory('audit', disk), 'bids', clock)
    await log.record('fail', {
      options: { password: secret('TEST_AUDIT_SECRET').toJSON() },
      message: 'refused: hunter2"\\hunter2!',
      list: ['hunter2"\\hunter2'],
    })
    await log.close()
    delete process.env.TEST_AUDIT_SECRET
    for (const file of disk.files()) expect(text(disk.contents(file))).not.toContain('hunter2')
    expect(text(disk.contents(logPath))).toContain('refused: [secret TEST_AUDIT_SECRET]!')
  })

  it('loses no entry and leaves nothing unsigned, whichever call the machine dies at', async () => {
    let deaths = 0
    for (let call = 1; ; call++) {
      const disk = new FaultyDisk(call)
      disk.failAt(call, 'crash')
      let recorded = 0
      const ended = await (async () => {
        const log = await openAuditLog(localDirectory('audit', disk), 'bids', clock)
        for (; recorded < 3; recorded++) await log.record('sink-commit', { epoch: recorded })
        await log.close()
      })().then(
        () => true,
        () => false,
      )
      if (ended) break
      deaths++
      disk.reboot()
      for (const file of disk.files()) if (file.endsWith('audit-lock')) await disk.unlink(file)
      const directory = localDirectory('audit', disk)
      const check = await verifyAudit(directory)
      expect(check).toMatchObject({ ok: true })
      expect(check.ok && check.entries).toBeGreaterThanOrEqual(recorded)
      const log = await openAuditLog(directory, 'bids', clock)
      await log.record('stop')
      await log.close()
      expect(await verifyAudit(directory)).toMatchObject({ ok: true, pending: false })
    }
    expect(deaths).toBeGreaterThan(30)
  })

  it('records nothing more after a failed write', async () => {
    const disk = new FaultyDisk()
    const log = await openAuditLog(localDirectory('audit', disk), 'bids', clock)
    disk.failAt(disk.callCount + 3, 'ENOSPC')
    await expect(log.record('start')).rejects.toMatchObject({ code: 'DISK_FULL' })
    await expect(log.record('stop')).rejects.toMatchObject({ code: 'DISK_FULL' })
  })
})

describe('verifyAudit', () => {
  const lineChange = (change: (lines: string[]) => void) => (b: Uint8Array) => {
    const lines = text(b).trimEnd().split('\n')
    change(lines)
    return bytes(lines.map(line => `${line}\n`).join(''))
  }
  const headChange = (change: (head: Record<string, unknown>) => void) => (b: Uint8Array) => {
    const head = JSON.parse(text(b))
    change(head)
    return bytes(JSON.stringify(head))
  }

  it.each([
    ['an edited line', logPath, lineChange(lines => (lines[1] = lines[1]!.replace('"epoch":2', '"epoch":7'))), 2, /changed/],
    ['an edited last line', logPath, lineChange(lines => (lines[4] = lines[4]!.replace('"epoch":5', '"epoch":7'))), 5, /changed/],
    ['an edited hash', logPath, lineChange(lines => (lines[2] = lines[2]!.replace(/"prev":"./, '"prev":"z'))), 3, /changed/],
    ['a removed line', logPath, lineChange(lines => lines.splice(2, 1)), 3, /removed/],
    ['reordered lines', logPath, lineChange(lines => lines.splice(1, 2, lines[2]!, lines[1]!)), 2, /reordered/],
    ['an added line', logPath, lineChange(lines => lines.push(lines[4]!.replace('"seq":5', '"seq":6'))), 6, /changed|added/],
    ['a cut log', logPath, lineChange(lines => lines.splice(2)), 3, /cut/],
    ['a missing log', logPath, () => new Uint8Array(), 1, /cut/],
    ['a line that is no JSON', logPath, lineChange(lines => (lines[0] = 'x')), 1, /no audit entry/],
    ['bytes after the end', logPath, (b: Uint8Array) => bytes(`${text(b)}{"seq"`), 6, /added/],
    ['a changed head', headPath, headChange(head => (head.hash = 'f'.repeat(64))), 5, /signature/],
    ['a changed line in the head', headPath, headChange(head => (head.line = String(head.line).replace('bids', 'asks'))), 5, /hash/],
    ['a head moved back', headPath, headChange(head => (head.seq = 4)), 4, /signature/],
    ['a head that is no JSON', headPath, () => bytes('x'), 1, /no signed head/],
    [
      'another public key',
      'audit/audit-key.pub.pem',
      () => bytes(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }) as string),
      5,
      /signature/,
    ],
    ['a broken public key', 'audit/audit-key.pub.pem', () => bytes('x'), 5, /no PEM/],
  ])('finds %s', async (_, path, change, line, reason) => {
    const { disk, directory } = await logged(5)
    expect(await verifyAudit(directory)).toMatchObject({ ok: true, entries: 5 })
    disk.tamper(path, change)
    expect(await verifyAudit(directory)).toMatchObject({ ok: false, line, reason: expect.stringMatching(reason) })
    await expect(openAuditLog(directory, 'bids', clock)).rejects.toMatchObject({
      name: 'DataError',
      code: 'AUDIT_BROKEN',
      message: expect.stringContaining(`line ${line}`),
    })
  })

  it('finds a missing head', async () => {
    const { disk, directory } = await logged(2)
    await disk.unlink(headPath)
    expect(await verifyAudit(directory)).toMatchObject({ ok: false, line: 1 })
  })

  it('holds a log against a key that was kept elsewhere', async () => {
    const { disk, directory } = await logged(2)
    expect(await verifyAudit(directory, disk.contents('audit/audit-key.pub.pem'))).toMatchObject({ ok: true })
    const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })
    expect(await verifyAudit(directory, other as string)).toMatchObject({ ok: false })
  })
})
