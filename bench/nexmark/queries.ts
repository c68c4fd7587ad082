// Nexmark's queries by name (github.com/nexmark/nexmark, queries/qN.sql and queries-cep), as the files beside this one write them.
import { q4, q6, q9 } from './auctions.ts'
import { q3, q13, q20, q23 } from './joins.ts'
import { q18, q19 } from './latest.ts'
import { c0, c1, c2, c3 } from './patterns.ts'
import { q0, q1, q2, q10, q14, q21, q22 } from './rows.ts'
import { q15, q16, q17 } from './statistics.ts'
import { q5, q7, q8, q11, q12 } from './windows.ts'

export { eventSchema, type House, streamsOf } from './house.ts'
export { q10Files } from './rows.ts'

/** Each takes the streams and gives a frame. q12 depends on the clock. */
export const queries = { q0, q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11, q12, q13, q14, q15, q16, q17, q18, q19, q20, q21, q22, q23, c0, c1, c2, c3 }
