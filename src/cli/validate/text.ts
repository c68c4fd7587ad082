// CSV, NDJSON and JSON, read to the end by the engine: each record that isn't well-formed, or doesn't fit the schema, is a problem with its line and byte.
import { asError } from '../../base/errors.ts'
import type { Device } from '../../device/device.ts'
import { openText, sampleText } from '../../source/text-file.ts'
import type { CliContext } from '../context.ts'
import { library, openInputs } from '../inputs.ts'
import type { FileSchema } from '../schema-file.ts'
import type { Problems } from './problems.ts'

/** What is said of a file beside its path. */
export interface TextOptions {
  readonly from: string | undefined
  readonly schema: FileSchema | undefined
  readonly limit: number
  readonly workers: number
}

const shownBytes = 60

interface BadRecord {
  readonly byte: number
  readonly error: string
  readonly found: string
}

/** Checks a file; without a schema against the types that its first MiB looks like. */
export async function validateText(device: Device, problems: Problems, options: TextOptions, context: CliContext): Promise<void> {
  const { agg, sink } = await library()
  const bad: BadRecord[] = []
  let count = 0
  const letters = sink({
    name: 'problems',
    delivery: 'append',
    write(batch) {
      count += batch.numRows
      const [values, errors, bytes] = ['value', 'error', 'byte'].map(name => batch.column(name))
      for (let row = 0; row < batch.numRows; row++) {
        // Threads come in any order: the first ones of the file are kept.
        const byte = Number(bytes!.get(row))
        if (options.limit === 0 || (bad.length === options.limit && byte >= bad[bad.length - 1]!.byte)) continue
        bad.push({ byte, error: errors!.get(row) as string, found: excerpt(values!.get(row) as Uint8Array | null) })
        bad.sort((a, b) => a.byte - b.byte)
        bad.length = Math.min(bad.length, options.limit)
      }
    },
  })
  let failure: Error | undefined
  try {
    const rows = await openInputs([problems.file], options.from, { ...(options.schema && { schema: options.schema }), onError: { deadLetters: letters } })
    const table = await rows.agg({ rows: agg.count() }).collect({ signal: context.signal, workers: options.workers })
    problems.rows = Number(table.column('rows').get(0))
  } catch (thrown) {
    failure = asError(thrown)
  }
  const lines = linesAt(device, problems.file, bad.map(({ byte }) => byte))
  bad.forEach(({ byte, error, found }, i) => {
    const [, code = 'RECORD', message = error] = /^(\w+): (.*)$/s.exec(error) ?? []
    const line = lines?.[i]
    problems.add(code, `${line === undefined ? '' : `line ${line}, `}byte ${byte}: ${message}; found ${found}`, { ...(line !== undefined && { line }), byte })
  })
  problems.count(count - bad.length)
  if (failure) problems.addError(failure)
}

function excerpt(bytes: Uint8Array | null): string {
  if (!bytes) return 'nothing'
  const text = new TextDecoder().decode(bytes.subarray(0, shownBytes)).replace(/\r?\n$/, '')
  return JSON.stringify(bytes.length > shownBytes ? `${text}…` : text)
}

// Lines from 1 of bytes in rising order: one pass over the text. Undefined where the text can't be read again up to there.
function linesAt(device: Device, path: string, bytes: readonly number[]): number[] | undefined {
  if (bytes.length === 0) return []
  try {
    const file = openText(device, path, 'validate', sampleText(path, 'validate').encoding)
    try {
      const block = new Uint8Array(1 << 16)
      const lines: number[] = []
      let [at, line] = [0, 1]
      while (lines.length < bytes.length) {
        const read = block.subarray(0, file.readInto(block, at))
        let from = 0
        while (lines.length < bytes.length && (bytes[lines.length]! < at + read.length || read.length === 0)) {
          const to = Math.max(from, Math.min(read.length, bytes[lines.length]! - at))
          line += newlines(read.subarray(from, to))
          from = to
          lines.push(line)
        }
        line += newlines(read.subarray(from))
        at += read.length
      }
      return lines
    } finally {
      file.close()
    }
  } catch {
    return undefined
  }
}

function newlines(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++
  return count
}
