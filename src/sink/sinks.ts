// The catalogue of sinks. A new one is its file and a line here.
import { arrowSink } from './arrow.ts'
import { csvSink } from './csv.ts'
import { elasticsearchSink } from './elasticsearch.ts'
import { httpSink } from './http.ts'
import { kafkaSink } from './kafka.ts'
import { jsonSink, ndjsonSink } from './ndjson.ts'
import { parquetSink } from './parquet.ts'
import { pipeSink } from './pipe.ts'
import type { SinkType } from './sink.ts'
import { topicSink } from './topic.ts'
import { userSink } from './user-sink.ts'

/** Every sink by kind. */
export const sinkTypes: readonly SinkType<never>[] = [arrowSink, csvSink, elasticsearchSink, httpSink, jsonSink, ndjsonSink, parquetSink, pipeSink, userSink, topicSink, kafkaSink]
