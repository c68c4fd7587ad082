// Choosing and Kleene logic, plainly.
import { bool, type DataType } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { choose } from '../../../src/compute/choose.ts'
import { isNull, logic, not, truth } from '../../../src/compute/logic.ts'
import { broadcast } from '../../../src/compute/operand.ts'
import { operandsOf, samplePair } from '../../support/operands.ts'
import { bitmapOf, bitsAt, columnOf, sampleTypes, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const types: readonly DataType[] = sampleTypes.filter(type => type.kind !== 'null')

export const chooseAgreement = agreement({
  stem: 'choose',
  kernels: ['chooseBytes1', 'chooseBytes2', 'chooseFixed', 'chooseRows', 'chooseBytes4', 'chooseBytes8', 'chooseBytes16', 'chooseBits'],
  sample: (random, length, shape) =>
    types.map(type => ({ pair: samplePair(random, type, length, shape), mask: Array.from({ length }, () => random.int(2) === 1) })),
  reference: cases =>
    cases.map(({ pair, mask }) => ({ chosen: mask.map((bit, i) => (bit ? pair.a : pair.b)[i]!), spread: pair.a, nulls: pair.a.map((): Value => null) })),
  compute: (device, arena, cases) =>
    cases.map(({ pair, mask }) => {
      const [a, b] = operandsOf(device, arena, pair)
      const rows = mask.length
      return {
        chosen: valuesOf(device, choose(device, arena, bitmapOf(device, arena, mask), a, b, rows)),
        spread: valuesOf(device, broadcast(device, arena, a, rows)),
        nulls: valuesOf(
          device,
          choose(
            device,
            arena,
            bitmapOf(device, arena, mask),
            { type: pair.type, value: null },
            broadcast(device, arena, { type: pair.type, value: null }, rows),
            rows,
          ),
        ),
      }
    }),
})

type Kleene = boolean | null
const and = (x: Kleene, y: Kleene): Kleene => (x === false || y === false ? false : x === null || y === null ? null : true)
const or = (x: Kleene, y: Kleene): Kleene => (x === true || y === true ? true : x === null || y === null ? null : false)

export const logicAgreement = agreement({
  stem: 'bitmap',
  kernels: ['andBits', 'orBits', 'andNotBits', 'notBits'],
  sample: (random, length, shape) => ({
    a: sampleValues(random, bool, length, shape) as Kleene[],
    b: sampleValues(random, bool, length, random.int(2) ? shape : 'full') as Kleene[],
  }),
  reference: ({ a, b }) => ({
    and: a.map((x, i) => and(x, b[i]!)),
    or: a.map((x, i) => or(x, b[i]!)),
    not: a.map(x => (x === null ? null : !x)),
    isTrue: a.map(x => x === true),
    isNull: a.map(x => x === null),
    isNotNull: a.map(x => x !== null),
  }),
  compute(device, arena, { a, b }) {
    const [left, right] = [columnOf(device, arena, bool, a), columnOf(device, arena, bool, b)]
    return {
      and: valuesOf(device, logic(device, arena, 'and', left, right)),
      or: valuesOf(device, logic(device, arena, 'or', left, right)),
      not: valuesOf(device, not(device, arena, left)),
      isTrue: bitsAt(device, truth(device, arena, left), a.length),
      isNull: valuesOf(device, isNull(device, arena, left, true)),
      isNotNull: valuesOf(device, isNull(device, arena, left, false)),
    }
  },
})
