// State in the one layout that checkpoints, restores, rescaling and spilling share: immutable runs of columnar rows.
import type { SharedSpillFile, StoredFileReference } from '../base/spill.ts'

/** Part of an operator's keyed state, frozen. `bytes` is what `encodeRun` made: columns, with a checksum; empty for lasting runs whose bytes lie in a file. */
export interface StateRun {
  /** Which of the operator's tables this is, such as 'slices' or 'left'. */
  readonly table: string
  /** The key groups whose rows are inside: [start, end). Restoring instances skip runs that don't touch their range. */
  readonly keyGroups: { readonly start: number; readonly end: number }
  readonly bytes: Uint8Array
  readonly lasting?: LastingRun
}

/** What is said of a run that stays as it is from checkpoint to checkpoint, and is stored once. */
export interface LastingRun {
  /** The run's own among all runs of all steps and times. */
  readonly id: string
  /** On its way into its first checkpoint, the file that it lies in; absent in later ones. */
  readonly file?: SharedSpillFile
  /** Coming from a checkpoint, the file there; where it is sealed, `bytes` are what it held. */
  readonly stored?: StoredFileReference
}
