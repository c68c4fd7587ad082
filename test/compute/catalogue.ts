// Every kernel family with its plain reference, for agreement.test.ts. One line a family; the entry lies in reference/<stem>.ts.
import type { AnyAgreement } from './agreement.ts'
import { aggregateAgreements, narrowSumAgreements } from './reference/aggregate.ts'
import { arithmeticAgreement, signAgreement } from './reference/arithmetic.ts'
import * as integers from './reference/integers.ts'
import * as bits from './reference/bitwise.ts'
import * as decimals from './reference/decimal.ts'
import * as floats from './reference/floats.ts'
import { numberTextAgreement } from './reference/number-views.ts'
import { bestKeysAgreement } from './reference/best-keys.ts'
import { bitmapAgreement } from './reference/bitmap.ts'
import { castAgreement } from './reference/cast.ts'
import { betweenAgreement, changeTextsAgreement, changingAgreement, countedRowsAgreement, givenRowsAgreement, groupTimesAgreement } from './reference/changes.ts'
import { placesAgreement, topListsAgreement } from './reference/top-lists.ts'
import { chooseAgreement, logicAgreement } from './reference/choose.ts'
import { boundsAgreement, rangeCompareAgreement } from './reference/bounds.ts'
import { compareAgreement, memberAgreement, mixedAgreement } from './reference/compare.ts'
import { gemmAgreement } from './reference/gemm.ts'
import { groupAgreements } from './reference/group.ts'
import { fusedAgreement } from './reference/fused-sums.ts'
import * as rowBlock from './reference/row-block.ts'
import { hashAgreement, hashCodesAgreement, partitionAgreement } from './reference/hash.ts'
import { keyFormAgreement } from './reference/key-form.ts'
import { logisticAgreements } from './reference/logistic.ts'
import { momentsAgreement } from './reference/moments.ts'
import { compactAgreement, concatAgreement, gatherAgreement, listViewAgreement } from './reference/gather.ts'
import { csvAgreement, encodeAgreement } from './reference/csv.ts'
import { quotesAgreement } from './reference/csv-quotes.ts'
import { jsonAgreement, linesAgreement } from './reference/json.ts'
import { jsonTimesAgreement } from './reference/json-times.ts'
import { jsonStructsAgreement } from './reference/json-structs.ts'
import { jsonSplitAgreement } from './reference/json-split.ts'
import { narrowArithmeticAgreement, narrowCompareAgreement, narrowDecimalAgreement, narrowWordsAgreement } from './reference/narrow.ts'
import { numericAgreement } from './reference/numeric.ts'
import { stringAgreement, stringTestAgreement } from './reference/strings.ts'
import { jsonPathAgreement } from './reference/json-path.ts'
import { readViewsAgreement } from './reference/read-views.ts'
import { textFormsAgreement } from './reference/text-forms.ts'
import { timePatternAgreement } from './reference/time-pattern.ts'
import { stringPartsAgreement } from './reference/string-parts.ts'
import { timeAgreement } from './reference/time.ts'
import { zoneAgreement } from './reference/zones.ts'
import { changingRowsAgreement } from './reference/changing-rows.ts'
import { timedRowsAgreements } from './reference/timed-rows.ts'
import { partitionTailsAgreement, runSumsAgreement } from './reference/partition-tails.ts'
import { rowAgesAgreement } from './reference/row-ages.ts'
import { dueRowsAgreement } from './reference/due-rows.ts'
import { versionsAgreement } from './reference/versions.ts'
import { windowAgreements } from './reference/window.ts'
import { joinAgreement } from './reference/join.ts'
import { bucketsAgreement } from './reference/join-buckets.ts'
import { chunksAgreement, conditionAgreement, growthAgreement, joinKeysAgreement, nearestAgreement, partsAgreement, tableAgreements } from './reference/join-table.ts'
import { rangeAgreement } from './reference/join-ranges.ts'
import { sortAgreement } from './reference/sort.ts'
import { overAgreement } from './reference/over.ts'
import { chanceAgreement } from './reference/chance.ts'
import { dayTextAgreement } from './reference/day-text.ts'
import { decimalTextAgreement } from './reference/decimal-text.ts'
import { generateAgreements } from './reference/generate.ts'
import { nexmarkAgreement } from './reference/nexmark.ts'
import { rowNumbersAgreement } from './reference/row-numbers.ts'
import { keysAgreement, rangesAgreement } from './reference/keys.ts'
import { arrowStringsAgreement, arrowWriteAgreement, narrowAgreement } from './reference/arrow-columns.ts'
import { deltaAgreement, plainViewsAgreement, prefixAgreement } from './reference/parquet-bytes.ts'
import { bitsAgreement, copyAgreement, dictionaryAgreement, hybridAgreement, lookupAgreement, spreadAgreement, streamsAgreement, widenAgreement } from './reference/parquet-decode.ts'
import { decodeLevelsAgreement, slotsAgreement } from './reference/parquet-levels.ts'
import * as shredding from './reference/parquet-shred.ts'
import { parquetConvertAgreement } from './reference/parquet-convert.ts'
import * as bloom from './reference/bloom.ts'
import * as parquetDelta from './reference/parquet-delta.ts'
import * as parquetEncode from './reference/parquet-encode.ts'
import { inflateAgreement } from './reference/inflate.ts'
import * as lz4 from './reference/lz4.ts'
import * as snappy from './reference/snappy.ts'
import * as zstd from './reference/zstd.ts'

export const catalogue: readonly AnyAgreement[] = [
  bitmapAgreement,
  gatherAgreement,
  compactAgreement,
  concatAgreement,
  listViewAgreement,
  hashAgreement,
  hashCodesAgreement,
  keyFormAgreement,
  partitionAgreement,
  ...groupAgreements,
  fusedAgreement,
  rowBlock.rowBlockAgreement,
  rowBlock.nestedBlockAgreement,
  rowBlock.keyPackAgreement,
  rowBlock.wordTableAgreement,
  ...aggregateAgreements,
  sortAgreement,
  keysAgreement,
  rowNumbersAgreement,
  chanceAgreement,
  ...generateAgreements,
  nexmarkAgreement,
  decimalTextAgreement,
  dayTextAgreement,
  overAgreement,
  rangesAgreement,
  joinAgreement,
  ...tableAgreements,
  conditionAgreement,
  growthAgreement,
  nearestAgreement,
  rangeAgreement,
  bucketsAgreement,
  partsAgreement,
  chunksAgreement,
  joinKeysAgreement,
  jsonAgreement,
  jsonStructsAgreement,
  jsonTimesAgreement,
  linesAgreement,
  jsonSplitAgreement,
  csvAgreement,
  quotesAgreement,
  encodeAgreement,
  compareAgreement,
  memberAgreement,
  mixedAgreement,
  integers.integerAgreement,
  integers.integerMapAgreement,
  integers.integerRoundAgreement,
  bits.bitwiseAgreement,
  bits.shiftAgreement,
  decimals.decimalAgreement,
  decimals.decimalFastAgreement,
  decimals.decimalCompareAgreement,
  decimals.decimalFloatAgreement,
  decimals.decimalMapAgreement,
  decimals.decimalCastAgreement,
  floats.floatBinaryAgreement,
  floats.floatUnaryAgreement,
  floats.floatRoundAgreement,
  floats.wordToFloatAgreement,
  numberTextAgreement,
  arithmeticAgreement,
  signAgreement,
  numericAgreement,
  chooseAgreement,
  logicAgreement,
  castAgreement,
  timeAgreement,
  zoneAgreement,
  stringTestAgreement,
  stringAgreement,
  stringPartsAgreement,
  textFormsAgreement,
  readViewsAgreement,
  timePatternAgreement,
  jsonPathAgreement,
  bestKeysAgreement,
  gemmAgreement,
  ...logisticAgreements,
  ...windowAgreements,
  momentsAgreement,
  changingAgreement,
  betweenAgreement,
  groupTimesAgreement,
  changeTextsAgreement,
  topListsAgreement,
  placesAgreement,
  givenRowsAgreement,
  countedRowsAgreement,
  inflateAgreement,
  snappy.unpackAgreement,
  snappy.packAgreement,
  lz4.lz4Agreement,
  zstd.packAgreement,
  hybridAgreement,
  bitsAgreement,
  dictionaryAgreement,
  spreadAgreement,
  widenAgreement,
  streamsAgreement,
  plainViewsAgreement,
  prefixAgreement,
  deltaAgreement,
  ...Object.values(bloom),
  ...Object.values(parquetDelta),
  ...Object.values(parquetEncode),
  parquetConvertAgreement,
  decodeLevelsAgreement,
  slotsAgreement,
  copyAgreement,
  shredding.shredAgreement,
  shredding.spreadAgreement,
  arrowStringsAgreement,
  arrowWriteAgreement,
  narrowAgreement,
  narrowDecimalAgreement,
  narrowArithmeticAgreement,
  narrowCompareAgreement,
  narrowWordsAgreement,
  ...narrowSumAgreements,
  boundsAgreement,
  rangeCompareAgreement,
  rowBlock.joinedPacksAgreement,
  lookupAgreement,
  ...timedRowsAgreements,
  dueRowsAgreement,
  partitionTailsAgreement,
  runSumsAgreement,
  rowAgesAgreement,
  versionsAgreement,
  changingRowsAgreement,
]
