import { describe, expect, it } from 'vitest'
import { fileFormat, isTabbed } from '../../src/cli/file-format.ts'

describe('fileFormat', () => {
  it('goes by the ending, before a compression and in patterns', () => {
    const paths = ['a.parquet', 'dir.x/A.CSV', 'logs/*.ndjson.gz', 'x.jsonl', 'x.arrow', 'x.feather', 'x.csv.zst', 'x.tsv.gz', 'x.json']
    expect(paths.map(path => fileFormat(path, undefined, '--from'))).toEqual(['parquet', 'csv', 'ndjson', 'ndjson', 'arrow', 'arrow', 'csv', 'csv', 'json'])
  })
  it('believes the option before the ending', () => {
    expect(fileFormat('a.txt', 'csv', '--from')).toBe('csv')
    expect(fileFormat('a.csv', 'JSONL', '--from')).toBe('ndjson')
    expect([isTabbed('a.tsv.gz', undefined), isTabbed('a.tsv', 'csv'), isTabbed('a.txt', 'tsv')]).toEqual([true, false, true])
  })
  it('knows no format by a name that every object has', () => {
    expect(() => fileFormat('a.constructor', undefined, '--from')).toThrow(/its ending is .constructor/)
  })
  it('says what to give otherwise', () => {
    expect(() => fileFormat('out/', undefined, '--to')).toThrow(
      expect.objectContaining({ name: 'PlanError', code: 'FORMAT', message: expect.stringContaining('--to parquet') }),
    )
    expect(() => fileFormat('a.parqet', undefined, '--from')).toThrow(/did you mean "parquet"\?/)
    expect(() => fileFormat('a.csv', 'exel', '--from')).toThrow(/no such format/)
  })
})
