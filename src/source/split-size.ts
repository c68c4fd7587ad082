// How long the splits of a text file are: enough rows for a row group of Parquet each, as far as the first rows tell.

const splitRows = 131_072
const splitBytesMin = 8 << 20
const splitBytesMax = 32 << 20
/** A file that has less than this many of them gets shorter ones, so that all threads have some. */
const splitsMin = 16

/** Bytes of a split of a file of `fileBytes`, by lines in `sample`, which the file begins with: 8 to 32 MiB. */
export function textSplitBytes(sample: Uint8Array, fileBytes: number): number {
  let lines = 1
  for (let at = sample.indexOf(10); at >= 0; at = sample.indexOf(10, at + 1)) lines++
  const wanted = Math.min((splitRows * sample.length) / lines, fileBytes / splitsMin, splitBytesMax)
  return Math.max(splitBytesMin, Math.ceil(wanted))
}
