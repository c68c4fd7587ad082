// Texts to decimals, plainly, by bigints. And their entry in the catalogue of agreements.
import { parseDecimal, fitsPrecision, formatDecimal } from '../../../src/batch/decimal-text.ts'
import { fromCarrier } from '../../../src/compute/carrier.ts'
import type { DataType } from '../../../src/batch/data-type.ts'
import type { Random } from '../../../src/base/random.ts'
import { columnOf, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

function sampleText(random: Random): string | null {
  const digits = (most: number) => Array.from({ length: random.int(most + 1) }, () => random.int(10)).join('')
  const kind = random.int(12)
  if (kind === 0) return null
  if (kind === 1) return ['', '-', '.', '1,5', ' 7.5 ', 'x', '1e2', '1.5e1', '25e-1', '-0', '+3', '007', '99999999999999999999999.5', '123456789012', '1.50000'][random.int(15)]!
  return `${['', '-', '+'][random.int(3)]}${digits(kind === 2 ? 22 : 6)}${random.int(4) === 0 ? '' : `.${digits(kind === 3 ? 12 : 3)}`}`
}

export const decimalTextAgreement = agreement({
  stem: 'decimal-text',
  kernels: ['readDecimals'],
  sample(random, length) {
    const precision = [1, 4, 9, 18, 19, 38][random.int(6)]!
    return { type: { kind: 'decimal', precision, scale: Math.min(precision, random.int(4)) } satisfies DataType, texts: Array.from({ length }, () => sampleText(random)) }
  },
  reference({ type: { precision, scale }, texts }) {
    const read = texts.map(text => (text === null ? undefined : parseDecimal(text, scale)))
    const fits = read.map(value => value !== undefined && fitsPrecision(value, precision))
    return { values: read.map((value, i) => (fits[i] ? formatDecimal(value!, scale) : null)), bad: texts.flatMap((text, i) => (text !== null && !fits[i] ? [i] : [])) }
  },
  compute(device, arena, { type, texts }) {
    const { column, bad } = fromCarrier(device, arena, columnOf(device, arena, { kind: 'utf8' }, texts), type)
    const isBad = new Set(bad)
    return { values: valuesOf(device, column).map((value, i) => (isBad.has(i) ? null : value)) as (string | null)[], bad: [...bad] }
  },
})
