// Sort keys as users write them: sort('price'), sort(desc('price'), asc('auction')).

/** A column and its direction, as plain data. Nulls come last, either way. */
export interface Order<out N extends string = string> {
  readonly column: N
  readonly descending: boolean
}

/** From the least to the greatest. A bare column name means the same. */
export function asc<const N extends string>(column: N): Order<N> {
  return { column, descending: false }
}

/** From the greatest to the least. */
export function desc<const N extends string>(column: N): Order<N> {
  return { column, descending: true }
}

/** A sort key as plain data. */
export function orderOf(key: string | Order): Order {
  return typeof key === 'string' ? asc(key) : { column: key.column, descending: key.descending }
}
