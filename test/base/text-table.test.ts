import { describe, expect, it } from 'vitest'
import { textTable } from '../../src/base/text-table.ts'
import { fitWidth, printable, textWidth } from '../../src/base/text-width.ts'

const columns = [
  { name: 'name', type: 'utf8' },
  { name: 'n', type: 'int64?', numeric: true },
]

describe('textTable', () => {
  it('aligns texts to the left and numbers to the right', () => {
    expect(
      textTable(
        columns,
        [
          ['apple', '1'],
          ['fig', null],
          ['日本', '1234567'],
        ],
        { moreRows: 12345 },
      ),
    ).toBe(
      [
        '┌───────┬─────────┐',
        '│ name  │       n │',
        '│ utf8  │  int64? │',
        '├───────┼─────────┤',
        '│ apple │       1 │',
        '│ fig   │    null │',
        '│ 日本  │ 1234567 │',
        '└───────┴─────────┘',
        '… 12,345 more rows',
      ].join('\n'),
    )
  })

  it('fits any width, shrinking the widest columns and then leaving columns out', () => {
    const many = Array.from({ length: 12 }, (_, i) => ({ name: `column_${i}` }))
    const rows = [many.map((_, i) => 'x'.repeat(i * 7)), many.map(() => '広い文字')]
    for (const width of [12, 20, 33, 60, 80, 100, 200, 1000]) {
      const lines = textTable(many, rows, { width }).split('\n')
      for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width)
      expect(lines[1]).toContain('c')
      if (width < 100) expect(lines.at(-1)).toContain('more c')
    }
    expect(textTable([{ name: 'a' }, { name: 'long' }], [['1', 'abcdefghijklmnop']], { width: 20 })).toContain('│ 1 │ abcdefghijk… │')
  })

  it('dims nulls and types in colour only', () => {
    expect(textTable(columns, [['a', null]], { color: true })).toContain('\u001b[2mnull\u001b[22m')
    expect(textTable(columns, [['a', null]])).not.toContain('\u001b')
  })

  it('draws an empty table', () => {
    expect(textTable(columns, []).split('\n')).toHaveLength(5)
    expect(textTable([], []).split('\n')[0]).toBe('┌┐')
  })

  it('lets no cell move the cursor', () => {
    const drawn = textTable([{ name: 'a\u001b[2J' }], [['x\ny\t\u001b[31m\r\u202e']])
    expect(drawn.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u202e]/)
    expect(drawn).toContain('x\\ny\\t\\u001b[31m\\r')
  })
})

describe('textWidth', () => {
  it('counts cells, not characters', () => {
    expect([textWidth('abc'), textWidth('日本'), textWidth('é'), textWidth('e\u0301'), textWidth('😀'), textWidth('')]).toEqual([3, 4, 1, 1, 2, 0])
  })
  it('cuts at cells', () => {
    expect([fitWidth('abcdef', 4), fitWidth('abcd', 4), fitWidth('日本語', 4), fitWidth('日本語', 5), fitWidth('ab', 1)]).toEqual([
      'abc…',
      'abcd',
      '日…',
      '日本…',
      '…',
    ])
  })
  it('shows control characters as escapes', () => {
    expect(printable('a\u0000b')).toBe('a\\u0000b')
  })
})
