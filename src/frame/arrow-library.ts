// apache-arrow itself, loaded when it is first needed: that costs about 100 ms.
import type * as Arrow from 'apache-arrow'
import { DeviceError } from '../base/errors.ts'
import { inPage } from '../device/machine.ts'

/** The library's module. */
export type ArrowLibrary = typeof Arrow

let loaded: ArrowLibrary | undefined

/** The library, loaded once. Throws DeviceError NO_NODE in a page, which has no packages. */
export function arrowLibrary(): ArrowLibrary {
  if (inPage) throw new DeviceError('NO_NODE', 'toArrow: a page has no packages to load apache-arrow from; take the values by toArray() or column().toArray(), and make the table there')
  loaded ??= process.getBuiltinModule('node:module').createRequire(import.meta.url)('apache-arrow') as ArrowLibrary
  return loaded
}
