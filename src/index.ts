// What users import: at most 60 names; the rest lives under millrace/ml.
export { secret } from './base/secret.ts'
export { seconds } from './base/units.ts'
