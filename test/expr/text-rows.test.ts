// Functions of texts that JavaScript computes row by row: many rows at once are read as each alone, whatever is in them.
import { closeEngines, col, from } from 'millrace'
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'

afterAll(closeEngines)

const chance = random(41)
const pieces = { ascii: ['a', 'key=7', '&', 'long text of more than twelve bytes', ' '], any: ['é', 'key=7', '\ufeff', '😀', 'a', '\u0000'] }
const text = (parts: readonly string[]) => Array.from({ length: chance.int(6) }, () => parts[chance.int(parts.length)]!).join('')

describe.each(Object.entries(pieces))('texts of %s characters', (_, parts) => {
  it.each([[1, 0], [40, 0], [40, 3], [3_000, 5], [3_000, 0]])('%i rows, a null in %i', async (rows, nullEvery) => {
    const values = Array.from({ length: rows }, (_, i) => (nullEvery > 0 && i % nullEvery === 0 ? null : text(parts)))
    const frame = from({ t: values, n: values.map((_, i) => i % 3) }, { schema: { t: 'utf8?', n: 'int32' } })
    const table = await frame.select({ t: col('t'), key: col('t').regexExtract('(&|^)key=(\\d)', { group: 2 }), has: col('t').regexMatch('(a|b)?key='), parts: col('t').regexCount('e'), by: col('t').regexReplace('k(e)y', '$1') }).collect()
    expect(table.toArray()).toEqual(
      values.map(t =>
        t === null
          ? { t, key: null, has: null, parts: null, by: null }
          : { t, key: /(&|^)key=(\d)/u.exec(t)?.[2] ?? null, has: /(a|b)?key=/u.test(t), parts: [...t.matchAll(/e/gu)].length, by: t.replaceAll(/k(e)y/gu, '$1') },
      ),
    )
  })
})
