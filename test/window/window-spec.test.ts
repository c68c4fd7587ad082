import { describe, expect, test } from 'vitest'
import { checkWindow, cumulate, describeWindow, hop, processingTime, session, tumble, type WindowSpec } from '../../src/window/window-spec.ts'

describe('windows as plain data', () => {
  test('are what was said, in milliseconds, and survive JSON', () => {
    const specs: WindowSpec[] = [
      tumble('t', '10s', { lateness: '1m', offset: '-2s' }),
      hop('t', '10s', { slide: '2s' }),
      cumulate('t', '1d', { step: '1h', offset: '-2h' }),
      session('t', { gap: 500, lateness: 10 }),
      processingTime.tumble('1h'),
      processingTime.hop('1h', { slide: '1m', zone: 'Asia/Tokyo' }),
      processingTime.cumulate('1h', { step: '1m' }),
      processingTime.session({ gap: '1m' }),
      tumble('t', '1d', { zone: 'Europe/Berlin' }),
      session('t', { gap: { kind: 'column', name: 'gap' } }),
    ]
    expect(specs).toEqual([
      { kind: 'tumble', time: 't', sizeMs: 10_000, offsetMs: -2_000, latenessMs: 60_000 },
      { kind: 'hop', time: 't', sizeMs: 10_000, slideMs: 2_000 },
      { kind: 'cumulate', time: 't', sizeMs: 86_400_000, slideMs: 3_600_000, offsetMs: -7_200_000 },
      { kind: 'session', time: 't', gapMs: 500, latenessMs: 10 },
      { kind: 'processing', sizeMs: 3_600_000 },
      { kind: 'processing', sizeMs: 3_600_000, slideMs: 60_000, zone: 'Asia/Tokyo' },
      { kind: 'processing', sizeMs: 3_600_000, slideMs: 60_000, cumulates: true },
      { kind: 'processingSession', gapMs: 60_000 },
      { kind: 'tumble', time: 't', sizeMs: 86_400_000, zone: 'Europe/Berlin' },
      { kind: 'session', time: 't', gap: { kind: 'column', name: 'gap' } },
    ])
    expect(JSON.parse(JSON.stringify(specs))).toEqual(specs)
  })

  test('describe themselves', () => {
    expect(describeWindow(hop('t', '10s', { slide: '2s', lateness: 5 }))).toBe('hop(t, 10000 ms every 2000 ms, lateness 5 ms)')
    expect(describeWindow(cumulate('t', '10s', { step: '2s' }))).toBe('cumulate(t, 10000 ms by 2000 ms)')
    expect(describeWindow(session('t', { gap: '1s' }))).toBe('session(t, gap 1000 ms)')
    expect(describeWindow(tumble('t', 5, { offset: 1 }))).toBe('tumble(t, 5 ms, offset 1 ms)')
    expect(describeWindow(processingTime.tumble(5))).toBe('processingTime(5 ms)')
    expect(describeWindow(processingTime.hop(5, { slide: 1 }))).toBe('processingTime(5 ms every 1 ms)')
    expect(describeWindow(processingTime.cumulate(5, { step: 1, zone: '+01:00' }))).toBe('processingTime(5 ms by 1 ms, +01:00)')
    expect(describeWindow(processingTime.session({ gap: 5 }))).toBe('processingTime(gap 5 ms)')
    expect(describeWindow(session('t', { gap: {} }))).toBe('session(t, gap of each row)')
  })

  test('refuse numbers that make no sense, with the number', () => {
    expect(() => tumble('t', 0)).toThrow(/^tumble: the size is 0 ms/)
    expect(() => tumble('t', 1.5)).toThrow(/the size is 1.5 ms/)
    expect(() => tumble('t', '10s', { lateness: -1 })).toThrow(/the lateness is -1 ms/)
    expect(() => hop('t', '10s', { slide: -5 })).toThrow(/^hop: the slide is -5 ms/)
    expect(() => cumulate('t', '10s', { step: 0 })).toThrow(/^cumulate: the step is 0 ms/)
    expect(() => cumulate('t', '10s', { step: '3s' })).toThrow('cumulate: the size of 10000 ms is no multiple of the step of 3000 ms; give a step that divides it')
    expect(() => session('t', { gap: '0s' })).toThrow(/^session: the gap is 0 ms/)
    expect(() => processingTime.cumulate('10s', { step: '3s' })).toThrow('processingTime.cumulate: the size of 10000 ms is no multiple of the step of 3000 ms')
    expect(() => processingTime.session({ gap: 0 })).toThrow('processingTime.session: the gap is 0 ms')
    expect(() => tumble('t', '1d', { zone: 'Europe/Berlim' })).toThrow('tumble: "Europe/Berlim" is not a time zone; give a name such as \'Europe/Berlin\', or an offset such as \'+02:00\'')
    expect(() => processingTime.tumble('1h', { offset: 0.5 })).toThrow(/the offset is 0.5 ms/)
    expect(() => tumble('t', 'soon' as never)).toThrow(/"soon" is not a duration/)
    expect(() => checkWindow({ kind: 'tumble', time: 't', sizeMs: Number.NaN }, 'job')).toThrow(/^job: the size is NaN ms/)
  })
})
