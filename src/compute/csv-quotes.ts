// Where rows of CSV begin when reading starts in the middle: by kernels/csv-quotes.ts, which looks at quotes and what is beside them only.
import type { Device } from '../device/device.ts'
import type { CsvDialect } from './csv.ts'

/**
 * Whether quotes are open behind the `bytes` bytes at `address`, which begin behind a line feed and end behind one or with the input: `outside` if none
 * were open at their start, `inside` if some were. About 10 GB/s where quotes are rare.
 */
export function trackQuotes(device: Device, address: number, bytes: number, dialect: CsvDialect): { outside: boolean; inside: boolean } {
  const { kernels } = device
  const [quote, delimiter] = marks(dialect)
  const outside = kernels.trackQuotes(address, bytes, quote, delimiter, 0)
  if (outside === 2) return { outside: false, inside: true }
  return { outside: outside === 1, inside: kernels.trackQuotes(address, bytes, quote, delimiter, 1) === 1 }
}

/** Bytes of the rest of a row, its line feed included, that has open quotes at `address`; 0 where it doesn't end within `bytes` bytes. */
export function findRowEnd(device: Device, address: number, bytes: number, dialect: CsvDialect): number {
  const [quote, delimiter] = marks(dialect)
  return device.kernels.findRowEnd(address, bytes, quote, delimiter) >>> 0
}

function marks({ quote, delimiter }: CsvDialect): [quote: number, delimiter: number] {
  return [quote.charCodeAt(0), delimiter.charCodeAt(0)]
}
