// Sinks inside the program: write.each calls a function with each row, and write.console prints aligned lines.
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, count, type Frame, from, max, write } from '../../src/index.ts'

afterAll(() => closeEngines())

const bids = from(
  [
    { auction: 1, price: 10.5, who: 'Ann', at: new Date('2026-01-01T10:00:00Z') },
    { auction: 2, price: 7, who: null, at: new Date('2026-01-01T10:00:01Z') },
    { auction: 1, price: 1_234_567, who: 'a\nb', at: null },
  ],
  { schema: { auction: 'int32', price: 'float64', who: 'utf8?', at: 'timestamp[ms]?' } },
)

describe('write.each', () => {
  it('calls the function with each row, one after the other, however long it takes', async () => {
    const seen: unknown[] = []
    let open = 0
    await bids
      .to(
        write.each(async (row, { epoch, change }) => {
          expect(open++).toBe(0)
          await new Promise(resolve => setTimeout(resolve, 2))
          open--
          seen.push([row['auction'], row['price'], epoch, change])
        }),
      )
      .run({ workers: 0, batchRows: 2 })
    expect(seen).toEqual([[1, 10.5, 1, '+I'], [2, 7, 1, '+I'], [1, 1_234_567, 1, '+I']])
  })

  it('holds the job up while it waits', async () => {
    let rows = 0
    const source = async function* () {
      for (;;) yield Array.from({ length: 10 }, () => ({ id: rows++ }))
    }
    const run = await from(source(), { schema: { id: 'int32' } }).to(write.each(() => new Promise(() => {}))).start({ workers: 0, batchRows: 10 })
    await new Promise(resolve => setTimeout(resolve, 100))
    const before = rows
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(rows).toBe(before)
    run.done.catch(() => {})
    void run.stop({ drain: false })
  })

  it('takes rows that change earlier ones only where it is told to', async () => {
    const best = bids.groupBy('auction').agg({ top: max('price') }) as Frame
    await expect(best.to(write.each(() => {})).run({ mode: 'stream', workers: 0, batchRows: 1 })).rejects.toMatchObject({ code: 'CHANGES' })
    const seen: unknown[] = []
    await best.to(write.each((row, { change }) => void seen.push([change, row['auction'], row['top']]), { changes: true })).run({ mode: 'stream', workers: 0, batchRows: 1 })
    expect(seen).toEqual([['+I', 1, 10.5], ['+I', 2, 7], ['-U', 1, 10.5], ['+U', 1, 1_234_567]])
  })

  it('ends the job with what the function throws', async () => {
    const failing = write.each(() => {
      throw new Error('no more')
    })
    await expect(bids.to(failing).run({ workers: 0 })).rejects.toMatchObject({ code: 'USER_SINK', message: expect.stringContaining('write of sink "each" threw: no more') })
  })
})

describe('write.console', () => {
  const shown = async (frame: Frame, options: object = {}, terminal: { isTTY?: boolean; columns?: number } = {}, run: object = {}) => {
    let text = ''
    let drains = 0
    const stream = {
      ...terminal,
      write(more: string) {
        text += more
        return text.length % 2 === 0
      },
      once(event: string, listener: () => void) {
        if (event === 'drain') setTimeout(listener, 1)
        drains++
      },
    }
    await frame.to(write.console({ stream, ...options })).run({ workers: 0, ...run })
    return { text, drains }
  }

  it('prints aligned columns: plain and whole where it is no terminal', async () => {
    expect((await shown(bids as Frame)).text).toMatchInlineSnapshot(`
      "auction    price  who   at
            1     10.5  Ann   2026-01-01 10:00:00.000
            2        7  null  2026-01-01 10:00:01.000
            1  1234567  a\\nb  null
      "
    `)
  })

  it('widens columns as rows come, and tells how many rows it left out', async () => {
    expect((await shown(bids.select('who', 'price') as Frame, { rows: 2 }, {}, { batchRows: 1 })).text).toMatchInlineSnapshot(`
      "who  price
      Ann   10.5
      null      7
      … 1 more rows
      "
    `)
  })

  it('cuts lines to a terminal and shows the names in bold', async () => {
    const { text } = await shown(bids as Frame, {}, { isTTY: true, columns: 20 })
    expect(text.split('\n').slice(0, 2)).toEqual(['\u001b[1mauction    price  w…\u001b[22m', '      1     10.5  A…'])
  })

  it('says of rows what they change', async () => {
    const counts = bids.groupBy('auction').agg({ n: count() }) as Frame
    expect((await shown(counts, {}, {}, { mode: 'stream', batchRows: 1 })).text.split('\n')).toEqual(['    auction  n', '+I        1  1', '+I        2  1', '-U        1  1', '+U        1  2', ''])
  })
})
