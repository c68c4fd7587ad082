// The catalogue of scans: bounded sources read inside the workers. A new one is its file and a line here.
import { arrowScan } from './arrow.ts'
import { csvScan } from './csv.ts'
import { generatedScan } from './generated.ts'
import { keptScan } from './kept.ts'
import { jsonFileScan, ndjsonScan } from './ndjson.ts'
import { nexmarkScan } from './nexmark.ts'
import { parquetScan } from './parquet.ts'
import type { AnyScanSourceType } from './source.ts'

/** Every scan by kind. */
export const scanSourceTypes: readonly AnyScanSourceType[] = [arrowScan, csvScan, generatedScan, jsonFileScan, keptScan, ndjsonScan, nexmarkScan, parquetScan]
