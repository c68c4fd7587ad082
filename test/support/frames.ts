// Frames for tests, untyped where a test builds columns on the fly.
import { closeEngines, sharedEngine } from '../../src/engine.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { fromData } from '../../src/frame/from.ts'

/** A frame over rows, with its run-time methods. */
export function frame(rows: readonly Record<string, unknown>[], schema: Record<string, string>): FrameValue {
  return fromData(rows, { schema })
}

/** Pages in use in the engine of so many workers: 0 after every job. */
export async function pagesInUse(workers: number): Promise<number> {
  return (await sharedEngine({ workers })).device.pages.used()
}

export { closeEngines }
