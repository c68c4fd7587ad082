// Quotes of CSV, plainly: a state machine over the bytes, one by one.
import { findRowEnd, trackQuotes } from '../../../src/compute/csv-quotes.ts'
import { agreement } from '../agreement.ts'
import { dialects, sampleCsv } from './csv.ts'

type State = 'start' | 'bare' | 'quoted' | 'after'

function next(state: State, byte: string, quote: string, delimiter: string): State {
  if (state === 'quoted') return byte === quote ? 'after' : 'quoted'
  if (state === 'after' && byte === quote) return 'quoted'
  if (byte === delimiter || byte === '\n') return 'start'
  return state === 'start' && byte === quote ? 'quoted' : 'bare'
}

export const quotesAgreement = agreement({
  stem: 'csv-quotes',
  kernels: ['trackQuotes', 'findRowEnd'],
  sample(random, length, shape) {
    const dialect = dialects[random.int(dialects.length)]!
    const soup = [dialect.quote, dialect.quote, dialect.delimiter, '\n', '\r\n', 'a', 'some words', 'é', 'x'.repeat(random.int(50))]
    const text = random.int(2) ? sampleCsv(random, length, shape, dialect) : Array.from({ length: 4 * length }, () => soup[random.int(random.int(3) ? soup.length : 2)]).join('')
    return { dialect, text: random.int(4) ? `${text}\n` : text }
  },
  reference({ dialect: { quote, delimiter }, text }) {
    const bytes = Buffer.from(text).toString('latin1')
    const run = (first: State) => [...bytes].reduce<State>((before, byte) => next(before, byte, quote, delimiter), first) === 'quoted'
    let state: State = 'quoted'
    let rowEnd = 0
    for (let i = 0; i < bytes.length && rowEnd === 0; i++) {
      state = next(state, bytes[i]!, quote, delimiter)
      if (bytes[i] === '\n' && state === 'start') rowEnd = i + 1
    }
    return { outside: run('start'), inside: run('quoted'), rowEnd }
  },
  compute(device, arena, { dialect, text }) {
    const bytes = new TextEncoder().encode(text)
    const address = arena.allocate(bytes.length)
    device.memory.write(address, bytes)
    return { ...trackQuotes(device, address, bytes.length, dialect), rowEnd: findRowEnd(device, address, bytes.length, dialect) }
  },
})
