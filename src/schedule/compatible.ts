// Whether a job can go on from a checkpoint: every piece of state needs its step, every position its source.
import { PlanError } from '../base/errors.ts'
import { keyHashVersion } from '../base/hash.ts'
import { stateKind } from '../plan/catalogue.ts'
import type { StagePlan } from '../plan/stages.ts'
import type { Checkpoint } from '../storage/checkpoint-store.ts'

/** Throws PlanError STATE_INCOMPATIBLE naming the first part of `checkpoint` that the job has no place for. */
export function checkCompatible(job: string, plan: StagePlan, checkpoint: Checkpoint): void {
  const { manifest, path } = checkpoint
  const refuse = (what: string) => new PlanError('STATE_INCOMPATIBLE', `${job}: the checkpoint ${path} doesn't fit this job: ${what}; start the job that wrote it, or start afresh with restore: 'none'`)
  if (manifest.keyHashVersion !== keyHashVersion) throw refuse(`its keys were hashed by version ${manifest.keyHashVersion}, this is ${keyHashVersion}`)
  const kinds = new Map(plan.stages.flatMap(stage => stage.steps.map(step => [step.id, stateKind(step.kind)] as const)))
  for (const [id, operator] of Object.entries(manifest.operators)) {
    if (operator.runs.length === 0) continue
    const kind = kinds.get(id)
    if (kind !== operator.kind) throw refuse(`it holds state of ${operator.kind} "${id}", and the job ${kind ? `has ${kind} there` : 'has no such step'}`)
  }
  const sources = new Set([...plan.feeds.map(feed => feed.node.id), ...plan.stages.flatMap(stage => (stage.scan ? [stage.scan.id] : []))])
  for (const id of Object.keys(manifest.sources)) if (!sources.has(id)) throw refuse(`it holds a position of "${id}", and the job has no such source`)
}
