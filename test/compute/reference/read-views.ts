// Texts as numbers, dates and timestamps, plainly: patterns and JavaScript's own numbers.
import { type DataType, utf8 } from '../../../src/batch/data-type.ts'
import { type Value, valueReader } from '../../../src/batch/read-values.ts'
import { parseDay } from '../../../src/batch/time-text.ts'
import { parseTimestamp } from '../../../src/batch/timestamp-text.ts'
import { parseType } from '../../../src/batch/type-name.ts'
import { formatDecimal } from '../../../src/batch/decimal-text.ts'
import { cast } from '../../../src/compute/cast.ts'
import type { Random } from '../../../src/base/random.ts'
import { columnOf, type Shape } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const names = ['float64', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint32', 'uint64', 'decimal(9, 2)', 'decimal(38, 10)', 'decimal(18, 0)', 'date', 'timestamp[s]', 'timestamp[ms]', 'timestamp[us]', 'timestamp[ns]']
const types = names.map(name => parseType(name, 'test').type)
const digits = (random: Random, count: number) => Array.from({ length: count }, () => random.int(10)).join('')
const two = (random: Random, most: number) => String(random.int(most)).padStart(2, '0')
const odd = ['', '-', '+', '.', '5.', '.5', '+.5e-3', '-0', '-0.0', '1e400', '1e-400', 'NaN', 'inf', '-Infinity', ' 7', '7 ', '0x10', '1_000', '00012', '9007199254740993', '179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880', '2024-02-30', '2023-02-29', '2024-02-29', '24:00', '2024-01-01T24:00', '2024-01-01 23:59', '2024-01-01T00:00:00.000000001', '1677-09-21T00:12:43', '2262-04-12', '9999-12-31T23:59:59.999+23:59', '2024-1-1', '99999999.995', '-99999999.994', '0.005', '-0.005', '123456789012.5', '١٢']

function number(random: Random): string {
  const sign = ['', '', '-', '+'][random.int(4)]!
  const fraction = random.int(2) ? `.${digits(random, random.int(random.int(4) === 0 ? 30 : 6))}` : ''
  return `${sign}${digits(random, random.int(random.int(4) === 0 ? 25 : 9))}${fraction}${random.int(8) === 0 ? `e${random.int(40) - 20}` : ''}`
}

function time(random: Random): string {
  const day = `${1600 + random.int(900)}-${two(random, 14)}-${two(random, 33)}`
  if (random.int(3) === 0) return day
  const seconds = random.int(4) === 0 ? '' : `:${two(random, 62)}${random.int(2) ? `.${digits(random, 1 + random.int(9))}` : ''}`
  return `${day}${' Tt'[random.int(3)]}${two(random, 25)}:${two(random, 61)}${seconds}${['', '', 'Z', 'z', '+01:00', '-0530', '+14'][random.int(7)]}`
}

function sample(random: Random, length: number, shape: Shape): (string | null)[] {
  const plain = () => (random.int(2) ? number(random) : time(random))
  const value = shape === 'extreme' ? () => odd[random.int(odd.length)]! : shape === 'few' ? () => String(random.int(7) - 3) : plain
  return Array.from({ length }, () => (shape === 'allNull' || (shape === 'nulls' && random.int(3) === 0) ? null : value()))
}

function decimalOf(text: string, precision: number, scale: number): bigint | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text)
  if (!match || `${match[2]}${match[3] ?? ''}` === '') return null
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const shift = scale - fraction.length + Number(exponent)
  const all = BigInt(whole + fraction)
  const unit = 10n ** BigInt(Math.abs(shift))
  const size = shift >= 0 ? all * unit : (2n * all + unit) / (2n * unit)
  return size < 10n ** BigInt(precision) ? (sign === '-' ? -size : size) : null
}

function valueOf(type: DataType, text: string): Value | null {
  switch (type.kind) {
    case 'float64':
      if (/^[+-]?(nan|inf|infinity)$/i.test(text)) return /nan/i.test(text) ? (text.length === 3 ? Number.NaN : null) : text.startsWith('-') ? -Infinity : Infinity
      return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null
    case 'decimal': {
      const value = decimalOf(text, type.precision, type.scale)
      return value === null ? null : formatDecimal(value, type.scale)
    }
    case 'date': {
      const day = parseDay(text)
      return day === undefined ? null : day * 86_400_000
    }
    case 'timestamp': {
      const value = parseTimestamp(text, type.unit)
      if (value === undefined || BigInt.asIntN(64, value) !== value) return null
      return type.unit === 's' ? Number(value) * 1000 : type.unit === 'ms' ? Number(value) : value
    }
    default: {
      if (!/^[+-]?\d+$/.test(text)) return null
      const value = BigInt(text.replace('+', ''))
      const bits = Number(/\d+/.exec(type.kind)![0])
      const [least, most] = type.kind.startsWith('u') ? [0n, 2n ** BigInt(bits) - 1n] : [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]
      return value < least || value > most ? null : bits === 64 ? value : Number(value)
    }
  }
}

export const readViewsAgreement = agreement<(string | null)[], (Value | null)[][]>({
  stem: 'read-views',
  kernels: ['readF64Views', 'readWordViews', 'readDecimalViews', 'readTimeViews', 'readDayViews'],
  sample,
  reference: texts => types.map(type => texts.map(text => (text === null ? null : valueOf(type, text)))),
  compute(device, arena, texts) {
    const column = columnOf(device, arena, utf8, texts)
    return types.map(type => {
      const read = valueReader(device.memory, cast(device, arena, column, type, true, { active: 0, where: 'test' }))
      return texts.map((_, row) => read(row))
    })
  },
})
