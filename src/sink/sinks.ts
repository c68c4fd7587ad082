// The catalogue of sinks. A new one is its file and a line here.
import type { SinkType } from './sink.ts'
import { userSink } from './user-sink.ts'

/** Every sink by kind. */
export const sinkTypes: readonly SinkType<never>[] = [userSink]
