// A picture of a running job as OpenMetrics text (openmetrics.io, version 1.0.0), which Prometheus and its like collect.
import type { JobMetrics } from './metrics.ts'

type Labels = Readonly<Record<string, string | number>>

/** The type of the text, for HTTP. */
export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** The metrics of the job `job`, each with its unit in its name and ended by `# EOF`. Cost: some 50 lines and 5 a step. */
export function openMetricsText(job: string, metrics: JobMetrics): string {
  const text = new MetricsText({ job })
  const { checkpoints, memory, steps, stages } = metrics
  text.info('millrace_job', 'What the job does.', [[{ state: metrics.state }]])
  text.counter('millrace_rows_read', 'Rows read of sources.', [[{}, metrics.rowsRead]])
  text.counter('millrace_rows_written', 'Rows given to sinks.', [[{}, metrics.rowsWritten]])
  text.gauge('millrace_elapsed_seconds', 'Time since the job began.', [[{}, metrics.elapsedMs / 1000]], 'seconds')
  if (metrics.latency) {
    const { p50Ms, p99Ms, maxMs } = metrics.latency
    text.gauge('millrace_latency_seconds', 'How long rows are on their way, from source to sink.', [[{ quantile: '0.5' }, p50Ms / 1000], [{ quantile: '0.99' }, p99Ms / 1000], [{ quantile: '1' }, maxMs / 1000]], 'seconds')
  }
  if (metrics.watermark !== undefined) text.gauge('millrace_watermark_seconds', 'Event time that the slowest step has reached, as Unix time.', [[{}, metrics.watermark / 1000]], 'seconds')
  if (metrics.lag !== undefined) text.gauge('millrace_lag_rows', 'Rows known to wait at the sources.', [[{}, metrics.lag]])
  if (metrics.progress !== undefined) text.gauge('millrace_progress_ratio', 'Share of the input that was handed out.', [[{}, metrics.progress]], 'ratio')
  text.counter('millrace_events', 'What steps count: late rows, bad records and the like.', Object.entries(metrics.counts).map(([event, count]) => [{ event }, count]))
  text.counter('millrace_checkpoints', 'Checkpoints completed.', [[{}, checkpoints.completed]])
  if (checkpoints.lastEpoch !== undefined) text.gauge('millrace_checkpoint_epoch', 'The epoch of the newest checkpoint.', [[{}, checkpoints.lastEpoch]])
  if (checkpoints.lastMs !== undefined) text.gauge('millrace_checkpoint_seconds', 'Time of the newest checkpoint, from barrier to commit.', [[{}, checkpoints.lastMs / 1000]], 'seconds')
  if (checkpoints.lastBytes !== undefined) text.gauge('millrace_checkpoint_bytes', 'Bytes that the newest checkpoint has written.', [[{}, checkpoints.lastBytes]], 'bytes')
  text.gauge('millrace_memory_peak_bytes', 'The most bytes held at once.', [[{}, memory.peakBytes]], 'bytes')
  const ofSteps = (value: (step: (typeof steps)[string]) => number): [Labels, number][] => Object.entries(steps).map(([step, totals]) => [{ step }, value(totals)])
  text.counter('millrace_step_rows_in', 'Rows that a step took.', ofSteps(step => step.rows))
  text.counter('millrace_step_rows_out', 'Rows that a step gave.', ofSteps(step => step.rowsOut))
  text.counter('millrace_step_bytes', 'Bytes that a step gave.', ofSteps(step => step.bytesOut), 'bytes')
  text.counter('millrace_step_seconds', 'Time that a step worked, of all threads.', ofSteps(step => step.ms / 1000), 'seconds')
  text.counter('millrace_step_spilled_bytes', 'Bytes that a step wrote to disk for lack of memory.', ofSteps(step => step.spilledBytes), 'bytes')
  const named = stages.map(stage => [{ stage: stage.steps.join('+') }, stage] as const)
  text.gauge('millrace_stage_queue_ratio', 'How full the fullest queue of a stage is.', named.map(([labels, { queueFill }]) => [labels, queueFill]), 'ratio')
  const shares = named.flatMap(([labels, { busyMs = 0, heldMs = 0, idleMs = 0 }]): [Labels, number][] => [
    [{ ...labels, doing: 'busy' }, busyMs / 1000],
    [{ ...labels, doing: 'backpressured' }, heldMs / 1000],
    [{ ...labels, doing: 'idle' }, idleMs / 1000],
  ])
  text.counter('millrace_stage_seconds', 'What a stage did with its time, from samples.', shares, 'seconds')
  return text.end()
}

/** Families of metrics, one after the other. A name ends in its unit, samples of counters in `_total`. */
class MetricsText {
  readonly #common: Labels
  readonly #lines: string[] = []
  constructor(common: Labels) {
    this.#common = common
  }

  counter(name: string, help: string, samples: readonly (readonly [Labels, number])[], unit?: string): void {
    this.#family(name, 'counter', help, unit)
    for (const [labels, value] of samples) this.#sample(`${name}_total`, labels, value)
  }
  gauge(name: string, help: string, samples: readonly (readonly [Labels, number])[], unit?: string): void {
    this.#family(name, 'gauge', help, unit)
    for (const [labels, value] of samples) this.#sample(name, labels, value)
  }
  info(name: string, help: string, samples: readonly (readonly [Labels])[]): void {
    this.#family(name, 'info', help, undefined)
    for (const [labels] of samples) this.#sample(`${name}_info`, labels, 1)
  }
  end(): string {
    return `${this.#lines.join('\n')}\n# EOF\n`
  }

  #family(name: string, type: string, help: string, unit: string | undefined): void {
    this.#lines.push(`# TYPE ${name} ${type}`, ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]), `# HELP ${name} ${help}`)
  }

  #sample(name: string, labels: Labels, value: number): void {
    const all = Object.entries({ ...this.#common, ...labels }).map(([label, text]) => `${label}="${escaped(String(text))}"`)
    this.#lines.push(`${name}{${all.join(',')}} ${Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`)
  }
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, character => (character === '\n' ? '\\n' : `\\${character}`))
}
