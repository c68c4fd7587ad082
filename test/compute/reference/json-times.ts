// Timestamps as JSON strings, plainly: the common form of ISO 8601 at the ends of its ranges, all of its other forms, and what is nearly one of them.
import type { Random } from '../../../src/base/random.ts'
import type { TimeUnit } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { decodeJsonRecords } from '../../../src/compute/json.ts'
import { laidOut } from '../../support/json-records.ts'
import { rowsOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { pick, plainTime } from './json.ts'

const units: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns']

function sampleText(r: Random): string {
  const two = (...often: number[]) => String(r.int(3) ? pick(r, ...often) : r.int(100)).padStart(2, '0')
  const year = pick(r, '0000', '0001', '1600', '1677', '1900', '1969', '1970', '2000', '2023', '2024', '2100', '2262', '9999', String(r.int(10_000)).padStart(4, '0'))
  const date = `${year}-${two(0, 1, 2, 9, 11, 12, 13)}-${two(0, 1, 28, 29, 30, 31, 32)}`
  const time = `${pick(r, 'T', 'T', 't', ' ')}${two(0, 9, 23, 24)}:${two(0, 59, 60)}:${two(0, 59, 60)}`
  const fraction = r.int(3) ? `.${Array.from({ length: r.int(4) ? r.int(10) : r.int(24) }, () => r.int(10)).join('')}` : ''
  const zone = pick(r, '', '', 'Z', 'Z', 'z', '+02:00', '-0530', '+14', 'ZZ', ' ')
  let text = `${date}${time}${fraction}${zone}`
  if (r.int(6) === 0) text = text.slice(0, r.int(text.length + 1))
  if (r.int(3)) return text
  const at = r.int(text.length + 1)
  return text.slice(0, at) + pick(r, '/', ':', '0', '9', '-', '.', ' ', 'T', 'é', '\u007f', '+', '') + text.slice(at + r.int(2))
}

export const jsonTimesAgreement = agreement({
  stem: 'time-text',
  kernels: ['decodeJson'],
  sample: (random, length) => ({ unit: pick(random, ...units), texts: Array.from({ length }, () => sampleText(random)) }),
  reference({ unit, texts }) {
    const values = texts.map(text => plainTime(text, unit))
    // Coarse units are read as milliseconds.
    const shown = (value: bigint): Value => (unit === 'us' || unit === 'ns' ? value : Number(value) * (unit === 's' ? 1000 : 1))
    return { rows: values.flatMap(value => (value === undefined ? [] : [[shown(value)]])), bad: values.flatMap((value, i) => (value === undefined ? [i] : [])) }
  },
  compute(device, arena, { unit, texts }) {
    const records = texts.map(text => new TextEncoder().encode(`{"t":"${text}"}`))
    const { batch, errors } = decodeJsonRecords(device, arena, laidOut(device, arena, records), [{ name: 't', type: { kind: 'timestamp', unit }, nullable: false }], 'sample')
    return { rows: rowsOf(device, batch), bad: errors.map(e => e.record) }
  },
})
