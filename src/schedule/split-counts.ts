// Watermarks by `$split` wait for every split of their source, whose number is known once it is open.
import type { ResolvedPlan } from '../plan/resolve.ts'
import { splitField } from '../plan/lower-watermark.ts'
import type { StageSpec } from '../plan/stages.ts'

/** The stage with the number of splits that its watermark steps wait for, by source. */
export function withSplitCounts(spec: StageSpec, plan: ResolvedPlan, splitCounts: ReadonlyMap<string, number | undefined>): StageSpec {
  const steps = spec.steps.map(step => {
    if (step.kind !== 'watermark' || (step.params as { splitColumn?: string }).splitColumn !== splitField) return step
    const [source] = [...(plan.edges.get(step.id)?.sources ?? [])]
    const splitCount = source === undefined ? undefined : splitCounts.get(source)
    return splitCount === undefined ? step : { ...step, params: { ...(step.params as object), splitCount } }
  })
  return { ...spec, steps }
}
