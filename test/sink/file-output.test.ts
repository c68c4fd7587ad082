// What is written is synced while more comes; a sync that failed is final.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { FileOutput } from '../../src/sink/file-output.ts'
import { nodeOutputCalls } from '../../src/sink/output-calls.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-output-'))
afterAll(() => rmSync(folder, { recursive: true }))
const piece = new Uint8Array(8 << 20).fill(7)

function outputOf(name: string, sync: (call: number) => Promise<void>) {
  let calls = 0
  const path = join(folder, name)
  return { path, output: new FileOutput(path, 'w', 'test', 0, { ...nodeOutputCalls, sync: () => sync(calls++) }), calls: () => calls }
}

describe('an output', () => {
  it('is synced once for a small file, and while a large one is written', async () => {
    const small = outputOf('small', async () => {})
    small.output.append(piece)
    expect(small.calls()).toBe(0)
    await small.output.sync()
    expect(small.calls()).toBe(1)
    small.output.close()
    const large = outputOf('large', async () => {})
    for (let i = 0; i < 9; i++) large.output.append(piece)
    // One at a time: the first is still under way.
    expect(large.calls()).toBe(1)
    await large.output.sync()
    expect(large.calls()).toBe(2)
    large.output.close()
    expect([statSync(small.path).size, statSync(large.path).size]).toEqual([8 << 20, 72 << 20])
  })

  it('that a sync has failed of fails for good, though the next one would succeed', async () => {
    const { output } = outputOf('failing', async call => {
      if (call === 0) throw Object.assign(new Error('no'), { code: 'EIO' })
    })
    for (let i = 0; i < 5; i++) output.append(piece)
    for (const _ of [1, 2]) await expect(output.sync()).rejects.toThrow(expect.objectContaining({ code: 'FILE_SYNC', message: expect.stringMatching(/fsync of .*failing failed \(EIO\)/) }))
    output.abandon()
  })
})
