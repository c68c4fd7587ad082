// State in the one layout that checkpoints, restores, rescaling and (later) spilling share: immutable runs of columnar rows.

/** Part of an operator's keyed state, frozen. `bytes` is what `encodeRun` made: columns, with a checksum. */
export interface StateRun {
  /** Which of the operator's tables this is, such as 'slices' or 'left'. */
  readonly table: string
  /** The key groups whose rows are inside: [start, end). Restoring instances skip runs that don't touch their range. */
  readonly keyGroups: { readonly start: number; readonly end: number }
  readonly bytes: Uint8Array
}
