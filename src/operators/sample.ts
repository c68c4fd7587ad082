// A share of the rows by chance. The draw of a row is a function of the seed and of its number in source order, so that two samples with one seed and
// adjoining ranges split the rows: each lands in exactly one.
import { keyGroupCount } from '../base/hash.ts'
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { random } from '../base/random.ts'
import { bitmapBytes } from '../batch/data-type.ts'
import { buildBatch } from '../batch/build-columns.ts'
import { valueReader } from '../batch/read-values.ts'
import { parseSchema } from '../batch/schema.ts'
import { compactBatch } from '../compute/compact.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { OperatorType } from './operator.ts'

/** Parameters of `sample`: rows whose draw in [0, 1) lies in [from, to). */
export interface SampleParams {
  readonly seed: number
  readonly from: number
  readonly to: number
  readonly [key: string]: Json | undefined
}

const stateFields = parseSchema({ rows: 'float64' }, 'sample')

/** Keeps about (to - from) of the rows, in order. */
export const sampleOperator: OperatorType<SampleParams> = {
  kind: 'sample',
  inputCount: 1,
  placement: () => 'single',
  stateWeight: 0,
  fields([input], { seed, from, to }, where) {
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) throw new PlanError('SAMPLE', `${where}: the seed is ${seed}; give a whole number from 0 below 2^32`)
    if (!(from >= 0 && from <= to && to <= 1)) throw new PlanError('SAMPLE', `${where}: the range is ${from} to ${to}; give 0 ≤ from ≤ to ≤ 1`)
    return input!
  },
  describe: ({ seed, from, to }) => `rows drawn in ${from} to ${to}, seed ${seed}`,
  create(context, { seed, from, to }) {
    let rows = 0
    const start = random(seed).uint32()
    return {
      push(batch, out) {
        const { device, arena } = context
        const mask = arena.allocateZeroed(bitmapBytes(batch.rowCount))
        const bits = device.memory.bytes(mask, bitmapBytes(batch.rowCount))
        for (let row = 0; row < batch.rowCount; row++) {
          const draw = drawOf(start, rows + row)
          if (draw >= from && draw < to) bits[row >>> 3]! |= 1 << (row & 7)
        }
        rows += batch.rowCount
        const kept = compactBatch(device, arena, batch, mask)
        if (kept.rowCount > 0) out.emit(kept)
      },
      snapshot() {
        const arena = context.device.arena()
        try {
          return [{ table: 'rows', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(context.device, buildBatch(context.device, arena, stateFields, [{ rows }], 'sample')) }]
        } finally {
          arena.release()
        }
      },
      restore(runs) {
        const arena = context.device.arena()
        try {
          rows = valueReader(context.device.memory, decodeRun(context.device, arena, runs[0]!.bytes).columns[0]!)(0) as number
        } finally {
          arena.release()
        }
      },
    }
  },
}

// In [0, 1): the row's number through murmur3's finisher (Appleby), twice so that its high half counts too.
function drawOf(start: number, row: number): number {
  return mixed(mixed((start ^ Math.floor(row / 2 ** 32)) >>> 0) ^ (row % 2 ** 32)) / 2 ** 32
}

function mixed(value: number): number {
  let h = value >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
