// An Arrow file or stream, record batch by record batch and column by column: messages, buffers, offsets, dictionaries, texts.
import type { Fields } from '../../batch/schema.ts'
import { countNulls } from '../../compute/bitmap.ts'
import { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { arrowRowCount, decodeRecordBatch } from '../../format/arrow/decode-record-batch.ts'
import { type ArrowFile, readArrow } from '../../format/arrow/read-arrow.ts'
import type { FileReader } from '../../source/open-file.ts'
import { firstNotUtf8 } from './check-column.ts'
import { compareSchema } from './compare-schema.ts'
import type { Problems } from './problems.ts'

/** Checks a file, and against `schema` where there is one. Goes on behind a column that can't be read. Memory: a column of a record batch, with its dictionaries. */
export function* validateArrow(device: Device, reader: FileReader, problems: Problems, schema: Fields | undefined): Generator<void> {
  let opened: ArrowFile | undefined
  problems.catch({}, () => (opened = readArrow(reader, problems.file)))
  if (!opened) return
  const file = opened
  const notNull = compareSchema(file.columns, schema, problems)
  for (const { field, unreadable } of file.columns) if (unreadable !== undefined) problems.skip(`column ${field.name}: ${unreadable}`)
  const decode = { device, reader, file, where: problems.file }
  for (let batch = 0; batch < file.batches.length; batch++) {
    const firstRow = problems.rows
    problems.catch({ batch }, () => (problems.rows += arrowRowCount(decode, batch)))
    file.columns.forEach(({ field: { name }, unreadable }, i) => {
      if (unreadable !== undefined) return
      problems.catch({ batch, column: name }, () => {
        const arena = new Arena(device)
        try {
          const column = decodeRecordBatch(decode, arena, batch, [i]).columns[0]!
          const bad = firstNotUtf8(device, column)
          const row = bad === undefined || column.children ? {} : { row: firstRow + bad + 1 }
          if (bad !== undefined) problems.add('UTF8', `record batch ${batch}, column "${name}"${row.row === undefined ? '' : `, row ${row.row}`}: the text is not UTF-8`, { batch, column: name, ...row })
          if (notNull.has(name) && countNulls(device, column) > 0) problems.add('SCHEMA', `record batch ${batch}, column "${name}": there are nulls, the schema allows none`, { batch, column: name })
        } finally {
          arena.release()
        }
      })
    })
    yield
  }
}
