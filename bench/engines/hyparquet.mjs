// hyparquet on one thread, group by group: each column's values as a list, its rows as lines of CSV.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

export async function open({ tables }) {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetRead } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  return {
    version: JSON.parse(readFileSync(new URL('../node_modules/hyparquet/package.json', import.meta.url), 'utf8')).version,
    workers: 1,
    run: (testCase, out) => testCase.hyparquet({ ...tables, out, toCsv }),
    close: async () => {},
  }

  async function toCsv(path, out) {
    const file = await asyncBufferFromFile(path)
    const metadata = await parquetMetadataAsync(file)
    const names = metadata.schema.slice(1).map(element => element.name)
    const target = openSync(out, 'w')
    writeSync(target, `${names.join()}\n`)
    let first = 0
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows)
      const columns = Object.fromEntries(names.map(name => [name, new Array(rows)]))
      const onChunk = ({ columnName, columnData, rowStart }) => {
        for (let i = 0; i < columnData.length; i++) columns[columnName][rowStart - first + i] = columnData[i]
      }
      await parquetRead({ file, metadata, compressors, rowStart: first, rowEnd: first + rows, onChunk })
      writeLines(target, Object.values(columns), rows)
      first += rows
    }
    closeSync(target)
  }
}

function writeLines(target, lists, rows) {
  let text = ''
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < lists.length; i++) text += (i === 0 ? '' : ',') + lists[i][row]
    text += '\n'
    if (text.length > 1 << 20 || row === rows - 1) {
      writeSync(target, text)
      text = ''
    }
  }
}
