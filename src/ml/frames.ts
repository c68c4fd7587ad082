// What estimators need of frames: their run time behind the typed face, and nodes that are named for the estimator in messages.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { FrameValue } from '../frame/frame.ts'
import type { Frame } from '../frame/frame-type.ts'

/** What scoring adds to a frame's columns. */
export interface ScoreColumns {
  prediction: 'bool?'
  probability: 'float64?'
}
/** What scoring by a model that goes on learning adds. */
export type LiveScoreColumns = ScoreColumns & { model_version: 'int64' }

/** The run time of a frame. Throws PlanError FRAME for anything else. */
export function frameValue(frame: Frame, where: string): FrameValue {
  if (frame instanceof FrameValue) return frame
  throw new PlanError('FRAME', `${where}: ${typeof frame} given; give a frame, as read.parquet(…) or from(rows) return it`)
}

/** `frame` with an operator behind it, called `where` in the plan and in messages. */
export function applied(frame: Frame, where: string, kind: string, params: Json): FrameValue {
  return new FrameValue({ node: { node: 'operator', label: where, kind, params, inputs: [frameValue(frame, where).edge], side: [] } })
}

/** Only these columns of `frame`; a name that isn't there is a PlanError NO_COLUMN that begins with `where`. */
export function selected(frame: Frame, where: string, names: readonly string[]): FrameValue {
  return applied(frame, where, 'select', { columns: Object.fromEntries(names.map(name => [name, { kind: 'column', name }])) })
}

/** The typed face of a frame's run time. */
export function typed<S>(frame: FrameValue): Frame<S> {
  return frame as unknown as Frame<S>
}
