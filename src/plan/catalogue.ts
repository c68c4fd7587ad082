// Finds the types behind a plan's kinds, for rooms above. An unknown kind is an error that names the nearest one.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { didYouMean } from '../base/names.ts'
import { operatorTypes } from '../operators/catalogue.ts'
import type { OperatorType } from '../operators/operator.ts'
import type { SinkType } from '../sink/sink.ts'
import { sinkTypes } from '../sink/sinks.ts'
import { feedSourceTypes } from '../source/feeds.ts'
import { scanSourceTypes } from '../source/scans.ts'
import type { FeedSourceType, ScanSourceType } from '../source/source.ts'

const byKind = <T extends { kind: string }>(types: readonly T[]) => new Map(types.map(t => [t.kind, t]))
const operators = byKind(operatorTypes as readonly unknown[] as readonly OperatorType[])
const scans = byKind(scanSourceTypes as readonly unknown[] as readonly ScanSourceType[])
const feeds = byKind(feedSourceTypes as readonly unknown[] as readonly FeedSourceType[])
const sinks = byKind(sinkTypes as readonly unknown[] as readonly SinkType[])

/** The operator type of a kind. Throws PlanError NO_KIND, as its neighbours do. */
export function operatorType(kind: string): OperatorType {
  return found(operators, kind, 'operator')
}

/** The kind under which a step's state lies in checkpoints. */
export function stateKind(kind: string): string {
  return operatorType(kind).stateKind ?? kind
}

/** The scan of a kind. */
export function scanType(kind: string): ScanSourceType {
  return found(scans, kind, 'scan')
}

/** The feed of a kind. */
export function feedType(kind: string): FeedSourceType {
  return found(feeds, kind, 'feed')
}

/** The sink of a kind. */
export function sinkType(kind: string): SinkType {
  return found(sinks, kind, 'sink')
}

/** Adds a feed or sink that lives in a higher room (cached results, collecting). Called once, when that room is loaded. */
export function register(types: { scans?: readonly ScanSourceType<never>[]; feeds?: readonly FeedSourceType<never>[]; sinks?: readonly SinkType<never>[] }): void {
  for (const t of types.scans ?? []) scans.set(t.kind, t as unknown as ScanSourceType<Json>)
  for (const t of types.feeds ?? []) feeds.set(t.kind, t as unknown as FeedSourceType)
  for (const t of types.sinks ?? []) sinks.set(t.kind, t as unknown as SinkType)
}

function found<T>(types: Map<string, T>, kind: string, what: string): T {
  const type = types.get(kind)
  if (!type) throw new PlanError('NO_KIND', `plan: no ${what} of kind "${kind}"${didYouMean(kind, types.keys())}`)
  return type
}
