import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { compileRegex, requiredText } from '../../src/compute/regex.ts'

describe('the text that a match must have', () => {
  it.each([
    ['/item-0+[1-9]+\\.html', '', '/item-0'],
    ['abc', '', 'abc'],
    ['abc', 'i', ''],
    ['ab|cd', '', ''],
    ['(ab)|cd', '', ''],
    ['(a|b)c=([^&]*)', '', 'c='],
    ['ab\\x41(c)|de', '', ''],
    ['ab[|]cde', '', 'cde'],
    ['a(b(c)\\)d)?efg', '', 'efg'],
    ['ab(c){2}d|e', '', ''],
    ['^https?://www\\.', '', '://www.'],
    ['a?b*c{2}d', '', ''],
    ['xy(abc)?z', '', 'xy'],
    ['xab{0,1}cde', '', 'xa'],
    ['ab[abc]{3}defg', '', 'ab'],
    ['a\\u0041bcd', '', 'a'],
    ['\\x41bcd', '', ''],
    ['\\p{L}bcd', '', ''],
    ['(?<n>a)\\k<n>bcd', '', ''],
    ['\\d+-\\w+, at\\b', '', ', at'],
    ['é€😀?b', '', 'é€'],
    ['\\Astart', '', ''],
    ['a.b.cc', '', 'cc'],
    ['[\\]x]yz[^a-z\\]]', '', 'yz'],
    ['ab+?cd', '', 'ab'],
    ['', '', ''],
  ])('of %s with flags "%s" is "%s"', (pattern, flags, text) => {
    expect(requiredText(pattern, flags)).toBe(text)
  })

  it('is in every match of random patterns', () => {
    const draw = random(29)
    const pieces = ['a', 'b', 'ab', '.', 'a?', 'b*', 'a+', '(ab)', '(a|b)', '[ab]', '\\.', '\\w', 'a{2}', '^', '$', '(?:b)?', '(a|(b|a)b)', '(?:a|b){1,2}', '\\x61', 'b{0,2}', '\\b', '(?=a)']
    let matches = 0
    for (let i = 0; i < 3000; i++) {
      const pattern = Array.from({ length: 1 + draw.int(5) }, () => pieces[draw.int(pieces.length)]!).join('')
      const required = requiredText(pattern, '')
      const regex = compileRegex(pattern, '', 'test')
      for (let n = 0; n < 10; n++) {
        const text = Array.from({ length: draw.int(8) }, () => ['a', 'b', '.', ' '][draw.int(4)]!).join('')
        regex.lastIndex = 0
        const match = regex.exec(text)
        if (!match) continue
        matches++
        expect(match[0], pattern).toContain(required)
      }
    }
    expect(matches).toBeGreaterThan(5_000)
  })
})
