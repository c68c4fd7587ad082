// Models on disk: model.json says what it is, weights.safetensors holds its numbers. Each file is replaced as a whole.
import { DataError, PlanError } from '../base/errors.ts'
import { crc32c } from '../base/crc32c.ts'
import type { Json } from '../base/json.ts'
import { localDirectory } from '../storage/directory.ts'
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts'

const version = 1
const jsonName = 'model.json'
const tensorsName = 'weights.safetensors'

/** A model as its files have it. `location` is for messages. */
export interface SavedModel {
  readonly location?: string
  readonly kind: string
  readonly json: { readonly [key: string]: Json | undefined }
  readonly tensors: Readonly<Record<string, Float64Array>>
}

/** Writes a model's files into a directory, made as needed. A crash between the two leaves a pair that `readModel` refuses. Throws ConnectorError. */
export async function saveModel(dir: string, { kind, json, tensors }: SavedModel): Promise<void> {
  checkDir(dir, 'save')
  const directory = localDirectory(dir)
  const bytes = encodeSafetensors(tensors)
  const text = JSON.stringify({ format: 'millrace-model', version, kind, weightsCrc32c: crc32c(bytes), ...json }, null, 2)
  await directory.write(tensorsName, bytes)
  await directory.write(jsonName, new TextEncoder().encode(`${text}\n`))
}

/** Reads what `saveModel` wrote. Throws DataError MODEL_FILE or SAFETENSORS, ConnectorError DISK_MISSING. */
export async function readModel(dir: string): Promise<SavedModel> {
  checkDir(dir, 'load')
  const directory = localDirectory(dir)
  const [text, bytes] = [await directory.read(jsonName), await directory.read(tensorsName)]
  let json: SavedModel['json'] | undefined
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text))
  } catch {
    throw refuse(dir, `${jsonName} is no JSON`)
  }
  if (typeof json !== 'object' || json === null || json.format !== 'millrace-model' || typeof json.kind !== 'string') throw refuse(dir, `${jsonName} describes no model`)
  if (json.version !== version) throw refuse(dir, `${jsonName} is of version ${String(json.version)}, this Millrace reads ${version}`)
  if (json.weightsCrc32c !== crc32c(bytes)) throw refuse(dir, `${tensorsName} is not the one that ${jsonName} was written with`)
  return { location: dir, kind: json.kind, json, tensors: decodeSafetensors(bytes, `${dir}/${tensorsName}`) }
}

/** A tensor of `count` finite values. Throws DataError MODEL_FILE. */
export function numbersOf(saved: SavedModel, name: string, count: number): Float64Array {
  const values = saved.tensors[name]
  if (!values || values.length !== count || !values.every(Number.isFinite)) throw refuse(saved.location ?? '', `${tensorsName} has ${values?.length ?? 'no'} values for "${name}", ${count} finite ones are needed`)
  return values
}

/** A list of texts in model.json. Throws DataError MODEL_FILE. */
export function textsOf(saved: SavedModel, name: string, list: unknown): string[] {
  if (!Array.isArray(list) || list.length === 0 || !list.every(item => typeof item === 'string')) throw refuse(saved.location ?? '', `${jsonName} has no usable "${name}"`)
  return list
}

/** The error for files that hold no model. */
export function refuse(location: string, what: string): DataError {
  return new DataError('MODEL_FILE', `${location}: ${what}; the model is damaged or of another version; save it again`)
}

function checkDir(dir: string, where: string): void {
  if (typeof dir !== 'string' || dir === '') throw new PlanError('MODEL_DIR', `${where}: ${JSON.stringify(dir)} is no directory; give the path of one`)
}
