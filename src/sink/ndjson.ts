// `write.ndjson`: a JSON object a line. `write.json`: one array of objects, each on a line of its own.
import { PlanError } from '../base/errors.ts'
import { visible } from '../batch/schema.ts'
import { encodeJsonRows } from '../compute/encode-text.ts'
import { fileSink } from './files.ts'
import { packable, type TextSinkOptions } from './packed-text.ts'
import { textEncoder } from './text-files.ts'

/** NDJSON for `fileSink`. */
export const ndjsonFiles = packable<TextSinkOptions>({
  kind: 'ndjson',
  ending: 'ndjson',
  isText: () => true,
  open: (device, _fields, _options, sink) => textEncoder(device, sink, (arena, batch) => encodeJsonRows(device, arena, batch)),
  rows: (device, arena, batch) => [encodeJsonRows(device, arena, batch)],
})

/** The sink of NDJSON files. */
export const ndjsonSink = fileSink(ndjsonFiles)

const encoder = new TextEncoder()

/** A JSON array for `fileSink`: commas stand before the objects, so that a file goes on from any row. */
export const jsonArrayFiles = packable<TextSinkOptions>({
  kind: 'json',
  ending: 'json',
  check(_options, fields, where) {
    if (visible(fields).length === 0) throw new PlanError('NO_COLUMNS', `${where}: there are no columns to write`)
  },
  open(device, _fields, _options, sink, _where, resume) {
    let hasRows = resume === true
    const objects = textEncoder(device, {
      append(bytes) {
        if (!hasRows) sink.append(encoder.encode('['))
        sink.append(hasRows ? bytes : bytes.subarray(1))
        hasRows = true
      },
    }, (arena, batch) => encodeJsonRows(device, arena, batch, { separated: true }))
    return { ...objects, checkpoint: () => hasRows, finish: () => sink.append(encoder.encode(hasRows ? ']\n' : '[]\n')) }
  },
  rows: (device, arena, batch) => [encodeJsonRows(device, arena, batch, { separated: true })],
}, false)

/** The sink of JSON files. */
export const jsonSink = fileSink(jsonArrayFiles)
