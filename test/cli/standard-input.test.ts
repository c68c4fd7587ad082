// Standard input that is longer than memory: what was read of it is let go.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { streamInput } from '../../src/cli/standard-input.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const pieceBytes = 1 << 16

it('keeps no piece of standard input once it was read', async () => {
  const alive: WeakRef<Uint8Array>[] = []
  async function* pieces() {
    for (let i = 0; i < 100; i++) {
      const piece = new Uint8Array(pieceBytes).fill(i)
      alive.push(new WeakRef(piece))
      yield piece
    }
  }
  const { signal } = new AbortController()
  const source = await streamInput(pieces(), signal)
  const { read } = await source.open({ at: 'start', bytes: 10 })
  for (let at = 0; at < 90 * pieceBytes; at += pieceBytes) expect((await read(at, at + pieceBytes, signal))[0]).toBe(at / pieceBytes)
  await new Promise(resolve => setTimeout(resolve))
  collect()
  expect(alive.slice(0, 80).filter(piece => piece.deref() !== undefined)).toHaveLength(0)
  source.close()
})
