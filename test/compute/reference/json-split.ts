// JSON taken apart without decoding it: the texts of items, members and values are what JSON.stringify makes of each.
import type { Random } from '../../../src/base/random.ts'
import { utf8 } from '../../../src/batch/data-type.ts'
import { splitValues } from '../../../src/compute/json.ts'
import { agreement } from '../agreement.ts'
import { columnOf } from '../../support/samples.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

function sampleJson(random: Random, depth: number): Json {
  const kind = random.int(depth > 0 ? 7 : 5)
  if (kind === 0) return null
  if (kind === 1) return random.int(2) === 1
  if (kind < 4) return kind === 2 ? random.int(1000) - 500 : ['', 'a', '[,]', '{"x":1}', '\\"', 'é😀', 'x'.repeat(random.int(60))][random.int(7)]!
  if (kind === 4) return random.float() * 10 ** random.int(20)
  const items = Array.from({ length: random.int(4) }, () => sampleJson(random, depth - 1))
  return kind === 5 ? items : Object.fromEntries(items.map((item, i) => [`k${i}${['', '"', ',', '}'][random.int(4)]}`, item]))
}

export const jsonSplitAgreement = agreement({
  stem: 'json-split',
  kernels: ['splitJson', 'splitValues'],
  sample(random, length) {
    const values = Array.from({ length }, () => sampleJson(random, 2))
    // A file that begins with an array is that array.
    return { values, isArray: random.int(2) === 1 || Array.isArray(values[0]), gap: ['', ' ', '\n\t'][random.int(3)]! }
  },
  reference: ({ values }) => ({
    texts: values.map(value => JSON.stringify(value)),
    items: values.map(value => (Array.isArray(value) ? value.map(item => JSON.stringify(item)) : 'none')),
    members: values.map(value => (isObject(value) ? Object.entries(value).flatMap(([key, item]) => [JSON.stringify(key), JSON.stringify(item)]) : 'none')),
  }),
  compute(device, arena, { values, isArray, gap }) {
    const { memory, kernels } = device
    const told = (pairs: number, from: number, to: number) => {
      const words = memory.uint32s(pairs, 2 * to)
      return Array.from({ length: to - from }, (_, i) => memory.text(words[2 * (from + i)]!, words[2 * (from + i) + 1]!))
    }
    const list = values.map(value => JSON.stringify(value))
    const bytes = new TextEncoder().encode(isArray ? `[${gap}${list.join(`${gap},${gap}`)}${gap}]` : `${list.join(` ${gap}`)}${gap}`)
    const address = arena.allocate(bytes.length)
    memory.write(address, bytes)
    const { pairs, count } = splitValues(device, arena, address, bytes.length, true, values.length + 1, 0)
    const split = (open: number) => {
      const texts = columnOf(device, arena, utf8, list)
      const [at, kinds, offsets, bad] = [arena.allocateZeroed(160), arena.allocate(1040), arena.allocate(4 * (values.length + 1)), arena.allocateZeroed(values.length + 8)]
      const run = (out: number) => kernels.splitJson(at, kinds, texts.values, texts.validity, texts.length, open, out, offsets, bad)
      const out = arena.allocate(8 * run(0) + 8)
      memory.bytes(bad, values.length).fill(0)
      run(out)
      const starts = [...memory.int32s(offsets, values.length + 1)]
      const isBad = [...memory.bytes(bad, values.length)]
      return values.map((_, row) => (isBad[row] ? 'none' : told(out, starts[row]!, starts[row + 1]!)))
    }
    return { texts: told(pairs, 0, count), items: split(91), members: split(123) }
  },
})

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
