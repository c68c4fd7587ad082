// What users write: a lazy, immutable description of rows. Every method makes a node; nothing runs before collect, batches, forEach,
// run or start. The types are those of `frame-type.ts`; this class is their run time, a family of methods behind the other (see steps.ts).
import type { BatchView } from '../batch/batch-view.ts'
import { Job } from './job.ts'
import { buildPlan, type FrameNode, type SinkLike, sinkNode } from './node.ts'
import { analyzeFrame, type BatchesOptions, collectTable, explainFrame, iterateBatches, type JobOptions } from './run.ts'
import { ProcessSteps } from './process-methods.ts'
import type { Table } from './table.ts'

/** The run time of `Frame`. */
export class FrameValue extends ProcessSteps {
  cache(): this {
    const { plan, bindings } = buildPlan([this.edge])
    const id = `cache#${++cacheCount}`
    return this.next({ node: 'scan', label: 'cache', kind: 'cached', params: { id }, inputs: [], side: [], bound: { plan, bindings } })
  }

  to(sink: SinkLike): Job {
    return new Job([sinkNode(this.edge, sink)])
  }
  collect(options: JobOptions = {}): Promise<Table> {
    return collectTable(this.edge, options)
  }
  batches(options: BatchesOptions = {}): AsyncGenerator<BatchView> {
    return iterateBatches(this.edge, options)
  }
  async forEach(callback: (row: never) => unknown, options: JobOptions = {}): Promise<void> {
    for await (const batch of this.batches(options)) for (const row of batch.rows()) await callback(row as never)
  }
  explain(options?: Pick<JobOptions, 'device' | 'mode'>): string
  explain(options: JobOptions & { analyze: true }): Promise<string>
  explain(options?: JobOptions & { analyze?: boolean }): string | Promise<string> {
    return options?.analyze ? analyzeFrame(this.edge, options) : explainFrame(this.edge, options)
  }
}

let cacheCount = 0

/** A frame over a node's rows, or over one of its side outputs: how sources are made. */
export function frameOf(node: FrameNode, port?: string): FrameValue {
  return new FrameValue(port === undefined ? { node } : { node, port })
}
