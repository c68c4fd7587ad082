// Divides a job's memory for state among its operators: each step by its weight, each instance of it alike.
import { operatorType } from '../plan/catalogue.ts'
import type { StageSpec } from '../plan/stages.ts'

/** For each stage, for each of its steps: the bytes of state that one instance should hold at most; Infinity for steps that hold next to nothing. */
export function stateShares(stages: readonly StageSpec[], stateBytes: number): readonly (readonly number[])[] {
  const weights = stages.map(stage => stage.steps.map(step => weightOf(step.kind, step.params)))
  const total = weights.flat().reduce((sum, weight) => sum + weight, 0)
  return stages.map(({ parallelism }, s) => weights[s]!.map(weight => (weight === 0 ? Number.POSITIVE_INFINITY : Math.floor((stateBytes * weight) / total / parallelism))))
}

function weightOf(kind: string, params: unknown): number {
  const type = operatorType(kind)
  const placement = type.placement(params as never)
  return type.stateWeight ?? (placement === 'any' || placement === 'main' ? 0 : 1)
}
