// Deterministic document ids from columns, so that a row written again overwrites itself. One column: its text. Several: their texts joined by |,
// with \ and | escaped by \. What a backslash begins otherwise is ours: \e is the empty id, \#… the SHA-256 of an id beyond the 512 bytes that nodes take.
import { createHash } from 'node:crypto'
import { type Batch, column } from '../batch/batch.ts'
import { type Value, valueReader } from '../batch/read-values.ts'
import { type DataType, isNested } from '../batch/data-type.ts'
import { isoText, jsonText } from '../batch/value-text.ts'
import { formatTimestamp } from '../batch/timestamp-text.ts'
import type { Device } from '../device/device.ts'

const idBytesMax = 512

/** Reads the id of a row of `batch`. Timestamps are ISO 8601, -0 is 0. Valid until the device's memory grows. Cost: a string a row. */
export function idReader(device: Device, batch: Batch, id: readonly string[]): (row: number) => string {
  const readers = id.map(name => textReader(device, batch, name))
  const [only] = readers
  if (readers.length === 1 && only) {
    return row => {
      const text = only(row)
      return fitted(text.startsWith('\\') ? `\\${text}` : text)
    }
  }
  return row => {
    let text = ''
    for (let i = 0; i < readers.length; i++) {
      const part = readers[i]!(row)
      text += `${i === 0 ? '' : '|'}${part.includes('|') || part.includes('\\') ? part.replace(/[\\|]/g, '\\$&') : part}`
    }
    return fitted(text)
  }
}

function fitted(id: string): string {
  if (id === '') return '\\e'
  if (id.length * 3 <= idBytesMax || Buffer.byteLength(id) <= idBytesMax) return id
  return `\\#${createHash('sha256').update(id).digest('hex')}`
}

function textOf(value: Value, type: DataType): string {
  return value === null ? 'null' : isNested(type) ? jsonText(value, type) : (isoText(value, type) ?? String(value))
}

// Times repeat from row to row (a window's start), so the last text is kept.
function textReader(device: Device, batch: Batch, name: string): (row: number) => string {
  const source = column(batch, name, 'id')
  const read = valueReader(device.memory, source)
  const { type } = source
  if (type.kind !== 'timestamp') return row => textOf(read(row), type)
  const scale = type.unit === 's' ? 1000 : 1
  let last: Value = null
  let text = ''
  return row => {
    const value = read(row) as number | bigint
    if (value !== last) {
      text = formatTimestamp(typeof value === 'bigint' ? value : BigInt(value / scale), type.unit)
      last = value
    }
    return text
  }
}
