// The rows of one input and then those of another, whose columns are the same. Mode 'append': the scheduler reads the second input when the first has
// ended. Mode 'hold': both come from one source, so the second one's rows wait here (on disk beyond the memory for state). Mode 'mix': one of them
// never ends, and rows pass as they come.
import type { SpillFile } from '../base/spill.ts'
import { type Batch, releaseBatch, retainBatch } from '../batch/batch.ts'
import { keyGroupCount } from '../base/hash.ts'
import { Change, changeField, hasChanges } from '../batch/change.ts'
import { type Fields, isHidden, visible } from '../batch/schema.ts'
import { share } from '../compute/compact.ts'
import { broadcast } from '../compute/operand.ts'
import { batchBytes } from '../compute/sorted-rows.ts'
import { arenaBytes } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { adopt, type Operator, type OperatorContext, type OperatorType, type Output } from './operator.ts'
import { haveWatermarks } from './pair-output.ts'
import { watermarkField } from './watermark.ts'

/** Parameters of `union`. */
export type UnionParams = { readonly mode: 'append' | 'hold' | 'mix' }

/**
 * Names and types are those of the first input; a column is nullable where either's is. Hidden columns end here, but for `$watermark` where both have it, so that what is late
 * goes by each row's own input, and `$change` where one has it: the other’s rows are inserted.
 */
export const unionOperator: OperatorType<UnionParams> = {
  kind: 'union',
  inputCount: 2,
  takesChanges: true,
  placement: ({ mode }) => (mode === 'hold' ? 'single' : 'any'),
  fields: ([first, second]) => united(first!, second!),
  describe: ({ mode }) => (mode === 'mix' ? 'rows of both as they come' : 'rows of the first, then of the second'),
  create: (context, params, [first, second]) => new Union(context, params, first!, second!),
}

function united(first: Fields, second: Fields): Fields {
  const others = visible(second)
  const shown = visible(first).map((field, i) => ({ ...field, nullable: field.nullable || others[i]!.nullable }))
  return [...shown, ...(haveWatermarks(first, second) ? [watermarkField] : []), ...(hasChanges(first) || hasChanges(second) ? [changeField] : [])]
}

class Union implements Operator {
  readonly #context: OperatorContext
  readonly #fields: Fields
  readonly #columns: readonly (readonly number[])[]
  #holds: boolean
  #held: Batch[] = []
  #heldBytes = 0
  #file: SpillFile | undefined
  #nextBlock = 0
  constructor(context: OperatorContext, { mode }: UnionParams, first: Fields, second: Fields) {
    this.#context = context
    this.#fields = united(first, second)
    const hidden = this.#fields.filter(({ name }) => isHidden(name))
    this.#columns = [first, second].map(input => [...visible(input).map(field => input.indexOf(field)), ...hidden.map(({ name }) => input.findIndex(field => field.name === name))])
    this.#holds = mode === 'hold'
  }

  push(batch: Batch, out: Output, port: number): void {
    const { device, arena } = this.#context
    const inserted = () => broadcast(device, arena, { type: changeField.type, value: Change.insert }, batch.rowCount)
    const rows: Batch = { ...batch, fields: this.#fields, columns: this.#columns[port]!.map(i => batch.columns[i] ?? inserted()) }
    // Only inputs that end wait, and their rows don't change.
    if (!this.#holds || port === 0) return out.emit(share(device, arena, rows))
    this.#hold(retainBatch(device, rows))
  }

  drain(out: Output): boolean {
    const { device, arena } = this.#context
    if (this.#file && this.#nextBlock < this.#file.blocks) {
      out.emit({ ...decodeRun(device, arena, this.#file.read(this.#nextBlock++)), fields: this.#fields })
      return true
    }
    const next = this.#held.shift()
    if (next) out.emit(adopt(this.#context, next))
    return next !== undefined
  }

  snapshot(): StateRun[] {
    const written = Array.from({ length: this.#file?.blocks ?? 0 }, (_, block) => this.#file!.read(block))
    return [...written, ...this.#held.map(batch => encodeRun(this.#context.device, batch))].map(bytes => ({ table: 'held', keyGroups: { start: 0, end: keyGroupCount }, bytes }))
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const run of runs) {
      const own = device.arena()
      this.#hold(decodeRun(device, own, run.bytes))
    }
  }

  close(): void {
    for (const batch of this.#held.splice(0)) releaseBatch(this.#context.device, batch)
    this.#file?.delete()
  }

  // The oldest are written first, so that those on disk come before those in memory.
  #hold(batch: Batch): void {
    const { device, spill, stateBytesMax } = this.#context
    this.#held.push(batch)
    this.#heldBytes += Math.max(batchBytes(device, batch), arenaBytes(device, batch.arena))
    if (this.#heldBytes <= stateBytesMax) return
    this.#file ??= spill.create()
    for (const held of this.#held.splice(0)) {
      this.#file.append(encodeRun(device, held))
      releaseBatch(device, held)
    }
    this.#heldBytes = 0
  }
}
