// Runs that stay from checkpoint to checkpoint, when they are taken over by instances that have other key groups than those that made them.
import type { LastingRun, StateRun } from './state-run.ts'

/** A lasting run that has rows of an instance. */
export interface SharedRun {
  readonly run: StateRun & { readonly lasting: LastingRun }
  /** Key groups of the instance whose rows in it count. */
  readonly groups: readonly StateRun['keyGroups'][]
  /** It may have rows of other groups: another instance may have made others of them part of a run of its own. */
  readonly isForeign: boolean
}

/** Of runs of all instances those that the one with the key groups `own` needs, each once, in the order in which they come. */
export function sharedRuns(runs: readonly StateRun[], own: StateRun['keyGroups']): SharedRun[] {
  const byId = new Map<string, { run: SharedRun['run']; groups: StateRun['keyGroups'][]; isForeign: boolean }>()
  for (const run of runs) {
    const groups = { start: Math.max(own.start, run.keyGroups.start), end: Math.min(own.end, run.keyGroups.end) }
    if (groups.start >= groups.end || !run.lasting) continue
    const isForeign = run.keyGroups.start !== own.start || run.keyGroups.end !== own.end
    const known = byId.get(run.lasting.id)
    if (known) known.groups.push(groups)
    else byId.set(run.lasting.id, { run: { ...run, lasting: run.lasting }, groups: [groups], isForeign })
  }
  return [...byId.values()]
}

/** Ranges of key groups without overlaps. */
export function joinedGroups(groups: readonly StateRun['keyGroups'][]): StateRun['keyGroups'][] {
  const out: { start: number; end: number }[] = []
  for (const { start, end } of [...groups].sort((a, b) => a.start - b.start)) {
    const last = out.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else out.push({ start, end })
  }
  return out
}
