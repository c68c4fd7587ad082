// A store for each kind of keyed state.
import type { StateCursor, StateFunctions, StateShape, StateStore } from './keyed-state.ts'
import { ListStore } from './list-state.ts'
import { MapStore } from './map-state.ts'
import { ValueStore } from './value-state.ts'

/** An empty store of a shape that has been checked. */
export function storeOf(cursor: StateCursor, name: string, shape: StateShape, functions: StateFunctions = {}): StateStore {
  switch (shape.kind) {
    case 'list':
      return new ListStore(cursor, name, shape)
    case 'map':
      return new MapStore(cursor, name, shape)
    case 'value':
    case 'reducing':
    case 'aggregating':
      return new ValueStore(cursor, name, shape, functions)
  }
}
