// Rows by their place, plainly. And their entry in the catalogue of agreements.
import { explodeLists, firstOfEach, firstRows, inRowOrder, interleaveRows, lastSetBits, numberColumn, placesColumn } from '../../../src/compute/row-numbers.ts'
import { int32 } from '../../../src/batch/data-type.ts'
import { bitmapOf, uint32sAt, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const item = { type: int32, nullable: true }

function listsOf(sizes: readonly number[]) {
  const offsets = [0]
  for (const size of sizes) offsets.push(offsets.at(-1)! + size)
  return { length: sizes.length, offsets, children: [{ type: int32, length: 2 * sizes.length + offsets.at(-1)!, values: 0, validity: 0 }] }
}

function lists(values: readonly number[], known: number) {
  const { offsets, children } = listsOf(values.map(value => value % 4))
  const none = children[0]!.length
  const of = (bounds: (row: number) => [number, number], keep: boolean) =>
    values.flatMap((value, row) => {
      const [start, end] = known > 0 && value % 5 === 0 ? [0, 0] : bounds(row)
      if (end > start) return Array.from({ length: end - start }, (_, i) => [row, start + i, i])
      return keep ? [[row, none, -1]] : []
    })
  const kinds = [(row: number): [number, number] => [offsets[row]!, offsets[row + 1]!], (row: number): [number, number] => [2 * row, 2 * row + 2]]
  return { exploded: kinds.flatMap(bounds => [false, true].map(keep => of(bounds, keep))) }
}

export const rowNumbersAgreement = agreement({
  stem: 'row-numbers',
  kernels: ['fillNumbersI64', 'selectFirsts', 'firstOfEach', 'interleaveRows', 'lastSetBits', 'explodeLists', 'widenPlaces', 'markRows'],
  sample(random, length) {
    const few = 1 + random.int(1 + length)
    return { values: Array.from({ length }, () => random.int(few)), start: random.int(1000) * 2 ** 40, known: random.int(3), most: random.int(4) }
  },
  reference({ values, start, known, most }) {
    const order = [...values.keys()].sort((a, b) => values[a]! - values[b]! || b - a)
    return {
      numbers: values.map((_, i) => start + i),
      firsts: [...values.keys()].filter(i => values.indexOf(values[i]!) === i && values[i]! >= known),
      last: values.map((_, i) => values.slice(0, i + 1).findLastIndex(value => value % 3 === 0)).map(row => (row < 0 ? values.length : row)),
      ...lists(values, known),
      three: values.flatMap((_, row) => [0, 1, 2].map(part => [row, part * values.length + row, part])),
      rising: order.filter((_, i) => i % 2 === 0).sort((a, b) => a - b),
      some: order.filter((row, i) => order.slice(0, i).filter(other => values[other] === values[row]).length < most),
    }
  },
  compute(device, arena, { values, start, known, most }) {
    const words = (numbers: readonly number[]) => {
      const at = arena.allocate(4 * numbers.length)
      device.memory.uint32s(at, numbers.length).set(numbers)
      return at
    }
    // Groups below `known` were seen before; the rest are numbered in order of first sight.
    const seen = [...new Array(known).keys(), ...new Set(values.filter(value => value >= known))]
    const firsts = firstRows(device, arena, words(values.map(value => seen.indexOf(value))), values.length, known)
    const order = [...values.keys()].sort((a, b) => values[a]! - values[b]! || b - a)
    const half = order.filter((_, i) => i % 2 === 0)
    const rising = inRowOrder(device, arena, { indices: words(half), rows: half.length }, values.length)
    const some = firstOfEach(device, words(values), words(order), values.length, most)
    const column = listsOf(values.map(value => value % 4))
    const own = { ...column, values: words(column.offsets), validity: known === 0 ? 0 : bitmapOf(device, arena, values.map(value => value % 5 !== 0)) }
    const kinds = [{ ...own, type: { kind: 'list', item } }, { ...own, type: { kind: 'fixedList', item, size: 2 } }] as const
    const exploded = kinds.flatMap(list =>
      [false, true].map(keep => {
        const made = explodeLists(device, arena, list, keep)
        const [rows, items] = [made.rows, made.items].map(at => [...device.memory.int32s(at, made.count)])
        const places = valuesOf(device, placesColumn(device, arena, made))
        return rows!.map((row, i) => [row, items![i]!, places[i] ?? -1])
      }),
    )
    const three = interleaveRows(device, arena, values.length, 3)
    const [old, places, numbers] = [three.old, three.places, three.numbers].map(at => uint32sAt(device, at, 3 * values.length))
    return {
      last: uint32sAt(device, lastSetBits(device, arena, bitmapOf(device, arena, values.map(value => value % 3 === 0)), values.length), values.length),
      exploded,
      three: old!.map((row, i) => [row, places![i]!, numbers![i]!]),
      numbers: valuesOf(device, numberColumn(device, arena, values.length, start)),
      firsts: uint32sAt(device, firsts.indices, firsts.rows),
      rising: uint32sAt(device, rising.indices, rising.rows),
      some: uint32sAt(device, some.indices, some.rows),
    }
  },
})
