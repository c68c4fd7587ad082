// A running job's metrics over HTTP: GET /metrics. Slow, endless and nonsensical clients cost a bounded amount of memory and time, and never the job.
import { createServer } from 'node:http'
import { ConnectorError } from '../base/errors.ts'

/** Where the text is served, and what it is. */
export interface MetricsServerOptions {
  readonly port: number
  /** 127.0.0.1 unless said: others on the network see nothing. */
  readonly host?: string
  readonly contentType: string
  text(): string
}

/** A server that answers. */
export interface MetricsServer {
  /** `http://127.0.0.1:9464/metrics`. */
  readonly url: string
  close(): Promise<void>
}

const connectionsMax = 16
const requestMs = 5_000

/** Begins to serve. Does not keep the process alive. Throws ConnectorError METRICS_LISTEN. */
export async function serveMetrics({ port, host = '127.0.0.1', contentType, text }: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: requestMs, headersTimeout: requestMs, keepAliveTimeout: requestMs, connectionsCheckingInterval: 1_000, maxHeaderSize: 8_192 }, (request, response) => {
    // What a client sends is not wanted.
    request.resume()
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (!isRead) response.writeHead(405, { allow: 'GET, HEAD' }).end()
    else if (request.url?.split('?')[0] !== '/metrics') response.writeHead(404, { 'content-type': 'text/plain' }).end('only /metrics is here\n')
    else {
      const body = text()
      response.writeHead(200, { 'content-type': contentType, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' }).end(request.method === 'HEAD' ? undefined : body)
    }
  })
  server.maxConnections = connectionsMax
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause =>
      reject(new ConnectorError('METRICS_LISTEN', `metrics: ${host}:${port} can't be listened on (${cause.message}); give another port, 0 for a free one, or leave metrics out`, { cause })),
    )
    server.listen(port, host, resolve)
  })
  server.on('error', () => {})
  server.unref()
  const address = server.address() as { port: number }
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}/metrics`,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
