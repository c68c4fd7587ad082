// Parts of JSON texts by their paths: json-path.ts is the plain truth.
import { utf8 } from '../../../src/batch/data-type.ts'
import { findJsonTexts } from '../../../src/compute/json-find.ts'
import { jsonText, parsePath, type PathStep } from '../../../src/compute/json-path.ts'
import type { Random } from '../../../src/base/random.ts'
import { columnOf, type Shape, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const paths = ['$', '$.a', '$.a.b', "$['b c']", '$.é', '$[0]', '$.a[1].b', '$[-1]', '$.list[2]'].map(path => parsePath(path) as readonly PathStep[])
const names = ['a', 'b', 'b c', 'é', 'list', 'a\\u0062', 'ab', 'a long name, longer than sixteen bytes']
const odd = ['', ' ', '{', '{"a"', '{"a":', '{"a":}', '{"a":1', '[1,', '[1 2]', '{"a":1,"a":2}', '{"a":tru}', '{"a":truex}', '{"a":-}', '{"a":1.}', '{"a":1e+}', '{"a":"un', '{"a":"x\\"', 'null', '"text"', '{"a":"tab\there"}', '{"a":01}', '{"b c":{"b":[]}}  x', '[[],[0,[1]]]', '{"a":nul']

function json(random: Random, depth: number): string {
  const blank = () => [' ', '', '', '\n\t'][random.int(4)]!
  const kind = random.int(depth === 0 ? 5 : 8)
  if (kind === 0) return String((random.float() - 0.5) * 10 ** random.int(9))
  if (kind === 1) return ['true', 'false', 'null'][random.int(3)]!
  if (kind === 2) return String(random.int(1000))
  if (kind < 5) return JSON.stringify(['plain', '', 'with "quotes"', 'é€😀', 'brackets ]}{[', 'a text that is longer than sixteen bytes, quotes far behind', 'back\\slash'][random.int(7)])
  const count = random.int(4)
  const each = (make: () => string) => Array.from({ length: count }, () => `${blank()}${make()}${blank()}`).join(',')
  if (kind === 5) return `[${each(() => json(random, depth - 1))}]`
  return `{${each(() => `"${names[random.int(names.length)]}"${blank()}:${blank()}${json(random, depth - 1)}`)}}`
}

function sample(random: Random, length: number, shape: Shape): (string | null)[] {
  const value = shape === 'extreme' ? () => odd[random.int(odd.length)]! : () => json(random, shape === 'few' ? 1 : 4)
  const cut = (text: string) => (random.int(12) === 0 ? text.slice(0, random.int(text.length + 1)) : text)
  return Array.from({ length }, () => (shape === 'allNull' || (shape === 'nulls' && random.int(3) === 0) ? null : cut(value())))
}

export const jsonPathAgreement = agreement<(string | null)[], unknown>({
  stem: 'json-path',
  kernels: ['findJsonViews'],
  sample,
  reference: texts => paths.map(steps => texts.map(text => (text === null ? null : jsonText(text, steps)))),
  compute: (device, arena, texts) => paths.map(steps => valuesOf(device, findJsonTexts(device, arena, columnOf(device, arena, utf8, texts), steps))),
})
