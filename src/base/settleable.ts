// A promise together with what settles it.

/** A promise that is settled from outside. */
export interface Settleable {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** A promise that nothing has settled yet. */
export function settleable(): Settleable {
  let settle = { resolve: () => {}, reject: (_: Error) => {} }
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, ...settle }
}
