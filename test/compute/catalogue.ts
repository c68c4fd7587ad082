// Every kernel family with its plain reference, for agreement.test.ts. One line a family; the entry lies in reference/<stem>.ts.
import type { AnyAgreement } from './agreement.ts'
import { aggregateAgreements } from './reference/aggregate.ts'
import { bitmapAgreement } from './reference/bitmap.ts'
import { groupAgreements } from './reference/group.ts'
import { hashAgreement, partitionAgreement } from './reference/hash.ts'
import { compactAgreement, concatAgreement, gatherAgreement } from './reference/gather.ts'
import { jsonAgreement, linesAgreement } from './reference/json.ts'

export const catalogue: readonly AnyAgreement[] = [
  bitmapAgreement,
  gatherAgreement,
  compactAgreement,
  concatAgreement,
  hashAgreement,
  partitionAgreement,
  ...groupAgreements,
  ...aggregateAgreements,
  jsonAgreement,
  linesAgreement,
]
