// What a record holds beside its columns, as a JSON object of its own.
import { JsonScope, lookUp } from './json-scope'
import { captureString, fail, JsonJob, PAUSE, skipSpace, skipValue } from './json-text'
import { JsonField, writeView } from './json-values'

/** Copies the members of the record at hand, which has been decoded, that no column hangs on into the text of column `rest`. Returns 1; pauses where there is no room. */
export function collectRest(job: JsonJob): usize {
  const text = job.text
  const bytes = job.end - job.start
  if (job.textEnd - text < 2 * bytes + 32) return fail(job, PAUSE, job.start)
  const scope = changetype<JsonScope>(job.scopes)
  let out = text
  let p = skipSpace(job, skipSpace(job, job.start) + 1)
  while (load<u8>(p) != 125) {
    const key = p
    // A key with escapes is put together behind what is there.
    job.text = out + 16
    p = captureString(job, p + 1)
    const found = lookUp(job, scope)
    p = skipSpace(job, skipSpace(job, p) + 1)
    p = skipValue(job, p, 1)
    if (found < 0) {
      store<u8>(out, out == text ? 123 : 44)
      out++
      memory.copy(out, key, p - key)
      out += p - key
    }
    p = skipSpace(job, p)
    if (load<u8>(p) == 44) p = skipSpace(job, p + 1)
  }
  store<u8>(out++, 125)
  const field = changetype<JsonField>(job.fields + (<usize>job.rest << 5))
  writeView(field.values + (<usize>job.row << 4), text, <u32>(out - text))
  field.stamp = job.stamp | 1
  job.present++
  job.text = out
  return 1
}
