// Every kernel family × both binaries × shapes × lengths against its plain reference. SEED=17 replays a failure.
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { DeviceError } from '../../src/base/errors.ts'
import { random } from '../../src/base/random.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { lengths, shapes } from '../support/samples.ts'
import { catalogue } from './catalogue.ts'

const seed = Number(process.env.SEED ?? 1)

async function deviceOrNone(relaxed: boolean): Promise<Device | undefined> {
  try {
    return await createDevice({ relaxed })
  } catch (error) {
    if (relaxed && error instanceof DeviceError && error.code === 'NO_SIMD') return undefined
    throw error
  }
}

for (const relaxed of [false, true]) {
  const device = await deviceOrNone(relaxed)
  describe.skipIf(device === undefined)(`kernels on ${relaxed ? 'relaxed SIMD' : 'SIMD'}, seed ${seed}`, () => {
    catalogue.forEach((entry, at) => {
      describe(`${entry.stem}: ${entry.kernels[0]}`, () => {
        it.each(shapes)('agrees with its plain reference on %s values of every length', shape => {
          for (const length of lengths) {
            const input = entry.sample(random(seed).fork(at * 1000 + length), length, shape)
            const arena = device!.arena()
            try {
              const actual = entry.compute(device!, arena, input)
              const expected = entry.reference(input)
              if (entry.compare) entry.compare(actual, expected)
              else expect(actual, `length ${length}`).toEqual(expected)
            } finally {
              arena.release()
            }
          }
          expect(device!.pages.used(), 'pages in use after release').toBe(0)
        })
      })
    })
  })
}

describe('the catalogue', () => {
  it('names every kernel of the binary', async () => {
    const names = JSON.parse(await readFile(new URL('../../dist/kernels/exports.json', import.meta.url), 'utf8')) as string[]
    expect(names.filter((name, i) => names.indexOf(name) !== i), 'names of two kernels').toEqual([])
    const named = new Set(catalogue.flatMap(entry => entry.kernels))
    expect(names.filter(name => !named.has(name))).toEqual([])
    expect([...named].filter(name => !names.includes(name))).toEqual([])
  })
})
