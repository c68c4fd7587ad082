// Every kernel family with its plain reference, for agreement.test.ts. One line a family; the entry lies in reference/<stem>.ts.
import type { AnyAgreement } from './agreement.ts'
import { bitmapAgreement } from './reference/bitmap.ts'
import { groupAgreements } from './reference/group.ts'
import { hashAgreement, partitionAgreement } from './reference/hash.ts'
import { compactAgreement, concatAgreement, gatherAgreement } from './reference/gather.ts'

export const catalogue: readonly AnyAgreement[] = [
  bitmapAgreement,
  gatherAgreement,
  compactAgreement,
  concatAgreement,
  hashAgreement,
  partitionAgreement,
  ...groupAgreements,
]
