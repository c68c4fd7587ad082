// Which steps of a restarted job have given all they give, because their input had ended before the checkpoint while that of others went on.
import type { StageSpec } from '../plan/stages.ts'

/** The positions of a stage's steps whose ids are among `ended`. A table that other steps look into is made again: it is in no checkpoint. */
export function endedSteps({ steps, outputs }: StageSpec, stages: readonly StageSpec[], ended: readonly string[] = []): number[] {
  const givesTable = (step: number) => outputs.some(output => output.step === step && 'stage' in output.to && isTable(stages[output.to.stage]!, output.to.port))
  return [...steps.keys()].filter(step => ended.includes(steps[step]!.id) && !givesTable(step))
}

function isTable({ tables = [] }: StageSpec, port: number): boolean {
  return tables.some(table => table.port === port)
}
