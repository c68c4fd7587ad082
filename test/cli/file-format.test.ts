import { describe, expect, it } from 'vitest'
import { fileFormat } from '../../src/cli/file-format.ts'

describe('fileFormat', () => {
  it('goes by the ending, before a compression and in patterns', () => {
    const paths = ['a.parquet', 'dir.x/A.CSV', 'logs/*.ndjson.gz', 'x.jsonl', 'x.arrow', 'x.feather', 'x.csv.zst']
    expect(paths.map(path => fileFormat(path, undefined, '--from'))).toEqual(['parquet', 'csv', 'ndjson', 'ndjson', 'arrow', 'arrow', 'csv'])
  })
  it('believes the option before the ending', () => {
    expect(fileFormat('a.txt', 'csv', '--from')).toBe('csv')
    expect(fileFormat('a.csv', 'JSONL', '--from')).toBe('ndjson')
  })
  it('says what to give otherwise', () => {
    expect(() => fileFormat('out/', undefined, '--to')).toThrow(
      expect.objectContaining({ name: 'PlanError', code: 'FORMAT', message: expect.stringContaining('--to parquet') }),
    )
    expect(() => fileFormat('a.parqet', undefined, '--from')).toThrow(/did you mean "parquet"\?/)
    expect(() => fileFormat('a.csv', 'exel', '--from')).toThrow(/no such format/)
  })
})
