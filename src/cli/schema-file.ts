// The file of --schema: a JSON object of columns and types, as `millrace schema --json` prints it, or a module, as `millrace types` writes it.
import { readFileSync } from 'node:fs'
import { asError, DataError, PlanError } from '../base/errors.ts'
import { parseSchema } from '../batch/schema.ts'
import { fileError } from '../source/file-list.ts'
import { loadModule } from './load-module.ts'

/** Columns and their types, as `schema` of read.… takes them. */
export type FileSchema = Readonly<Record<string, string>>

/**
 * The schema in a file. Of a module it is the default export, or the only export that is one.
 * Throws ConnectorError (no such file), DataError SCHEMA_FILE (no JSON object of texts), PlanError SCHEMA_FILE (no schema, or several, in a module), PlanError TYPE.
 */
export async function loadSchema(path: string): Promise<FileSchema> {
  const schema = /\.[cm]?[jt]s$/.test(path) ? await schemaOfModule(path) : schemaOfText(path)
  parseSchema(schema, `--schema ${path}`)
  return schema
}

function schemaOfText(path: string): FileSchema {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    throw fileError('--schema', 'read', path, thrown)
  }
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch (thrown) {
    throw new DataError('SCHEMA_FILE', `--schema ${path}: it is no JSON (${asError(thrown).message}); write one with millrace schema FILE --json, or give a .ts or .js module`)
  }
  if (isSchema(found)) return found
  throw new DataError('SCHEMA_FILE', `--schema ${path}: it is no object of columns and types; write { "price": "float64", "city": "utf8?" }, as millrace schema FILE --json does`)
}

async function schemaOfModule(path: string): Promise<FileSchema> {
  const { exports, close } = await loadModule(path)
  try {
    if (isSchema(exports['default'])) return exports['default']
    const found = Object.entries(exports).filter((entry): entry is [string, FileSchema] => isSchema(entry[1]))
    if (found.length === 1) return found[0]![1]
    const what = found.length === 0 ? 'no export of it is a schema' : `it exports the schemas ${found.map(([name]) => name).join(', ')}`
    throw new PlanError('SCHEMA_FILE', `--schema ${path}: ${what}; export one object of columns and types, by default or alone, as millrace types writes it`)
  } finally {
    await close()
  }
}

function isSchema(value: unknown): value is FileSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0 && Object.values(value).every(type => typeof type === 'string')
}
