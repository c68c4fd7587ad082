// Server-sent events by the rules of their standard, however their bytes are cut.
import { expect, it } from 'vitest'
import { EventStreamParser } from '../../src/connect/event-stream.ts'

const message = (data: string, id = '', type = 'message') => ({ type, data, id })

it.each([
  ['data: a\n\n', [message('a')]],
  ['\ufeffdata: a\n\n', [message('a')]],
  ['data:a\r\ndata: b\r\n\r\ndata\r\rdata:  c\n\n', [message('a\nb'), message(''), message(' c')]],
  [': a comment\nevent: news\ndata: 1\nid: 7\n\ndata: 2\n\nid\ndata: 3\n\n', [message('1', '7', 'news'), message('2', '7'), message('3')]],
  ['event: empty\n\ndata: x\n\n', [message('x')]],
  ['id: a\0b\nunknown: y\ndata: z\n\n', [message('z')]],
  ['data: never ended', []],
  ['data: ü€😀\n\n', [message('ü€😀')]],
])('%j', (text, events) => {
  const bytes = new TextEncoder().encode(text)
  for (let size = 1; size <= bytes.length; size++) {
    const parser = new EventStreamParser('', 1_000, 'test')
    const got = []
    for (let start = 0; start < bytes.length; start += size) got.push(...parser.write(bytes.subarray(start, start + size)))
    expect(got).toEqual(events)
  }
})

it('begins with the id that is known, and hears when to come back', () => {
  const parser = new EventStreamParser('41', 100, 'test')
  expect(parser.write(Buffer.from('retry: 250\nretry: soon\ndata: a\n\n'))).toEqual([message('a', '41')])
  expect(parser.retryMs).toBe(250)
})

it.each(['data: '.padEnd(200, 'x'), 'data: abcdefgh\n'.repeat(20)])('refuses an event without an end', text => {
  expect(() => new EventStreamParser('', 100, 'test').write(Buffer.from(text))).toThrow(/test: an event has more than 100 B and no end so far/)
})
