// Frames of WebSocket, however their bytes are cut, and those that nobody may send.
import { expect, it } from 'vitest'
import { encodeFrame, frameKinds, FrameReader } from '../../src/connect/web-socket-frames.ts'
import { serverFrame } from '../support/web-socket-server.ts'

const messages = [0, 1, 125, 126, 65_535, 65_536].map(length => Buffer.alloc(length, `${length}`))

it('reads messages of every length form, whole and in parts, with control frames between', () => {
  const [tiny, , small] = messages
  const bytes = Buffer.concat([
    ...messages.map(payload => serverFrame(frameKinds.text, payload)),
    serverFrame(frameKinds.binary, tiny!, false), serverFrame(frameKinds.ping, Buffer.from('here?')), serverFrame(frameKinds.continuation, small!, false), serverFrame(frameKinds.continuation, small!),
    serverFrame(frameKinds.pong, tiny!), serverFrame(frameKinds.close, Buffer.from([3, 233])),
  ])
  for (const size of [1, 7, 4_096, bytes.length]) {
    const reader = new FrameReader(70_000, 'test')
    const events = []
    for (let start = 0; start < bytes.length; start += size) events.push(...reader.write(bytes.subarray(start, start + size)).map(event => ('bytes' in event ? { ...event, bytes: Buffer.from(event.bytes) } : event)))
    expect(events).toEqual([
      ...messages.map(payload => ({ kind: 'message', bytes: payload })),
      { kind: 'ping', bytes: Buffer.from('here?') }, { kind: 'message', bytes: Buffer.concat([small!, small!]) }, { kind: 'pong' }, { kind: 'close', code: 1001 },
    ])
  }
})

it.each([
  ['flags of an extension', [0xc1, 0], 'WEBSOCKET_PROTOCOL', /an extension/],
  ['a mask', [0x81, 0x80, 0, 0, 0, 0], 'WEBSOCKET_PROTOCOL', /masked/],
  ['a long ping', [0x89, 126, 0, 200], 'WEBSOCKET_PROTOCOL', /control frame/],
  ['a ping in parts', [0x09, 0], 'WEBSOCKET_PROTOCOL', /control frame/],
  ['an unknown kind', [0x83, 0], 'WEBSOCKET_PROTOCOL', /unknown kind 3/],
  ['a part of nothing', [0x80, 0], 'WEBSOCKET_PROTOCOL', /goes on with no message/],
  ['a message within another', [0x01, 0, 0x81, 0], 'WEBSOCKET_PROTOCOL', /begins within another/],
  ['more than is allowed', [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0], 'WEBSOCKET_TOO_LONG', /has 65536 bytes or more, and 1000 B are allowed/],
  ['a length beyond all', [0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255], 'WEBSOCKET_TOO_LONG', /raise messageBytes/],
  ['too much in parts', [0x01, 126, 3, 0, ...new Array(768).fill(65), 0x80, 126, 3, 0], 'WEBSOCKET_TOO_LONG', /1536 bytes or more/],
])('refuses %s', (_, bytes, code, message) => {
  expect(() => new FrameReader(1_000, 'test').write(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ name: 'ConnectorError', code, message: expect.stringMatching(message) }))
})

it('masks what it writes', () => {
  for (const payload of messages) {
    const frame = encodeFrame(frameKinds.text, payload)
    const head = payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10
    const mask = frame.subarray(head, head + 4)
    expect([frame[0], frame[1]! & 0x80]).toEqual([0x81, 0x80])
    expect(Buffer.from(frame.subarray(head + 4).map((byte, i) => byte ^ mask[i & 3]!))).toEqual(payload)
  }
})
