// apache-arrow itself, loaded when it is first needed: that costs about 100 ms.
import type * as Arrow from 'apache-arrow'

/** The library's module. */
export type ArrowLibrary = typeof Arrow

let loaded: ArrowLibrary | undefined

/** The library, loaded once. */
export function arrowLibrary(): ArrowLibrary {
  loaded ??= process.getBuiltinModule('node:module').createRequire(import.meta.url)('apache-arrow') as ArrowLibrary
  return loaded
}
