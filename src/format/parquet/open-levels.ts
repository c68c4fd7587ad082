// Where a page's levels lie, and the cursors over them: RLE and the deprecated BIT_PACKED in version 1, RLE without lengths in version 2
// (apache/parquet-format, Encodings.md and README, "Data Pages").
import type { DataError } from '../../base/errors.ts'
import { cursorBytes, openHybrid, openRun } from '../../compute/parquet.ts'
import { turnLevels } from '../../compute/parquet-levels.ts'
import type { Device } from '../../device/device.ts'
import type { Scratch } from '../scratch.ts'
import { encodings } from './metadata.ts'
import type { Page } from './read-pages.ts'

/** What opening levels needs of a column. `cursors` is where the cursor of the definitions lies, and behind it that of the repetitions. */
export interface LevelsContext {
  readonly device: Device
  readonly cursors: number
  /** The greatest definition and repetition levels; a level that can only be 0 isn't stored. */
  readonly definition: number
  readonly repetition: number
  /** For levels that are turned round: of definitions, and of repetitions. */
  readonly turned: readonly [Scratch, Scratch]
  fail(code: string, what: string): DataError
}

/** Sets the cursors to the start of a data page's levels; returns where its values begin. Throws what `fail` makes: PAGE_LEVELS. */
export function openLevels(context: LevelsContext, page: Page): number {
  return page.header.type === 3 ? openLevels2(context, page) : openLevels1(context, page)
}

function openLevels1(context: LevelsContext, page: Page): number {
  const { header } = page
  let at = page.start
  if (context.repetition > 0) at = openLevel(context, page, at, context.repetition, header.repetitionEncoding, 1)
  return context.definition > 0 ? openLevel(context, page, at, context.definition, header.levelEncoding, 0) : at
}

function openLevel(context: LevelsContext, page: Page, start: number, most: number, encoding: number, which: 0 | 1): number {
  const { device } = context
  const cursor = context.cursors + which * cursorBytes
  if (encoding === 4) return openPacked(context, page, start, most, which)
  if (encoding !== 3) throw context.fail('PAGE_LEVELS', `the levels are encoded as ${encodings[encoding] ?? `number ${encoding}`}; RLE and BIT_PACKED can be read`)
  const left = page.end - start - 4
  const bytes = left < 0 ? 0 : new DataView(device.memory.bytes(start, 4).slice().buffer).getUint32(0, true)
  if (left < 0 || bytes > left) throw context.fail('PAGE_LEVELS', `the levels are said to take ${bytes} bytes, ${Math.max(0, left)} are left in the page`)
  openHybrid(device, cursor, start + 4, start + 4 + bytes, widthOf(most))
  return start + 4 + bytes
}

// Bits from the top of each byte: turned round, they are one packed run.
function openPacked(context: LevelsContext, page: Page, start: number, most: number, which: 0 | 1): number {
  const { device } = context
  const { valueCount } = page.header
  const width = widthOf(most)
  const bytes = Math.ceil((valueCount * width) / 8)
  if (bytes > page.end - start) throw context.fail('PAGE_LEVELS', `the levels take ${bytes} bytes, ${page.end - start} are left in the page`)
  const turned = context.turned[which].ensure(bytes + 8)
  turnLevels(device, start, valueCount, width, turned)
  openRun(device, context.cursors + which * cursorBytes, { start: turned, end: turned + bytes, bitWidth: width, count: valueCount })
  return start + bytes
}

function openLevels2(context: LevelsContext, page: Page): number {
  const { device, cursors, definition, repetition } = context
  const { header, start } = page
  const values = start + header.repetitionBytes + header.definitionBytes
  if (repetition > 0) openHybrid(device, cursors + cursorBytes, start, start + header.repetitionBytes, widthOf(repetition))
  if (definition === 0) return values
  const { nullCount, valueCount } = header
  if (nullCount < 0 || nullCount > valueCount) throw context.fail('PAGE_LEVELS', `the page header promises ${nullCount} nulls among ${valueCount} values`)
  if (header.definitionBytes > 0) {
    openHybrid(device, cursors, start + header.repetitionBytes, values, widthOf(definition))
    return values
  }
  // Some writers leave the levels away where there is one only.
  if (nullCount > 0 && (nullCount < valueCount || definition > 1))
    throw context.fail('PAGE_LEVELS', `the page has ${nullCount} nulls among ${valueCount} values, and no levels to tell which`)
  openRun(device, cursors, { bitWidth: 1, count: valueCount, value: nullCount > 0 ? 0 : definition })
  return values
}

function widthOf(most: number): number {
  return 32 - Math.clz32(most)
}
