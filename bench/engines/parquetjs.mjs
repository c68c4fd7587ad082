// parquetjs-lite on one thread, row by row, as its own examples do.
import { closeSync, createReadStream, openSync, readFileSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

export async function open({ tables }) {
  const { default: parquetjs } = await import('parquetjs-lite')
  return {
    version: JSON.parse(readFileSync(new URL('../../node_modules/parquetjs-lite/package.json', import.meta.url), 'utf8')).version,
    workers: 1,
    run: (testCase, out) => testCase.parquetjs({ ...tables, out, fromCsv, toCsv }),
    close: async () => {},
  }

  async function fromCsv(path, out, types) {
    const schema = new parquetjs.ParquetSchema(Object.fromEntries(Object.entries(types).map(([column, type]) => [column, { type, compression: 'SNAPPY' }])))
    const writer = await parquetjs.ParquetWriter.openFile(schema, out)
    writer.setRowGroupSize(65_536)
    const columns = Object.entries(types)
    let isHeader = true
    for await (const line of createInterface({ input: createReadStream(path) })) {
      const values = line.split(',')
      if (!isHeader) await writer.appendRow(Object.fromEntries(columns.map(([column, type], i) => [column, type === 'UTF8' ? values[i] : Number(values[i])])))
      isHeader = false
    }
    await writer.close()
  }

  async function toCsv(path, out) {
    const reader = await parquetjs.ParquetReader.openFile(path)
    const cursor = reader.getCursor()
    const target = openSync(out, 'w')
    let text = ''
    for (let row = await cursor.next(); row; row = await cursor.next()) {
      if (text === '') writeSync(target, `${Object.keys(row).join()}\n`)
      text = `${Object.values(row).join()}\n`
      writeSync(target, text)
    }
    closeSync(target)
    await reader.close()
  }
}
