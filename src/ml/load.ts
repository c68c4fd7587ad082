// Any saved model, by what its files say it is. A new kind is a line here.
import { nearest } from '../base/names.ts'
import { loadedLogistic, logisticKind, type LogisticModel } from './logistic-model.ts'
import { readModel, refuse } from './model-files.ts'
import { loadedScaler, scalerKind, type StandardScalerModel } from './standard-scaler.ts'

const loaders = { [logisticKind]: loadedLogistic, [scalerKind]: loadedScaler } as const

/** What `load` gives. */
export type LoadedModel = LogisticModel | StandardScalerModel

/** The model that `save(dir)` wrote. `M` is the caller's claim of its kind. Throws DataError MODEL_FILE or SAFETENSORS, ConnectorError DISK_MISSING. */
export async function load<M extends LoadedModel = LoadedModel>(dir: string): Promise<M> {
  const saved = await readModel(dir)
  if (!Object.hasOwn(loaders, saved.kind)) throw refuse(dir, `model.json is of kind "${saved.kind}"${nearest(saved.kind, Object.keys(loaders)) ? ` (near "${nearest(saved.kind, Object.keys(loaders))}")` : ''}, which this Millrace does not know`)
  return loaders[saved.kind as keyof typeof loaders](saved) as M
}
