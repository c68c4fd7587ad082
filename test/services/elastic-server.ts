// A real Elasticsearch node on loopback with plain HTTP, and HTTPS through a small proxy in this process. Data dies with it.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { type Certificates, makeCertificates } from './certificates.ts'
import { cacheDirectory, type ClassPath, fetchClassPath } from './maven.ts'
import { freePorts, startJava } from './server-process.ts'

/** The last line of Elasticsearch whose node and HTTP transport can be built from Maven's artifacts alone. */
export const elasticVersion = '7.17.29'

/** A running node. */
export interface ElasticServer {
  readonly url: string
  readonly tlsUrl: string
  readonly certificates: Certificates
  readonly logFile: string
  /** Ends the node and starts it again on the same data and ports. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** The node's jars, fetched at first use, or why there are none. */
export function elasticClassPath(): ClassPath {
  return fetchClassPath('elastic', [`org.elasticsearch:elasticsearch:${elasticVersion}`, `org.elasticsearch.plugin:transport-netty4-client:${elasticVersion}`])
}

async function startTlsProxy(port: number, targetPort: number, certificates: Certificates): Promise<() => Promise<void>> {
  const open = new Set<{ destroy(): void }>()
  const server = createServer({ key: readFileSync(certificates.serverKeyFile), cert: readFileSync(certificates.serverCertificateFile) }, outer => {
    const inner = connect(targetPort, '127.0.0.1')
    for (const [socket, other] of [[outer, inner], [inner, outer]] as const) {
      open.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
    }
    outer.pipe(inner).pipe(outer)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return () => new Promise(resolve => {
    server.close(() => resolve())
    for (const socket of open) socket.destroy()
  })
}

async function answers(url: string): Promise<boolean> {
  try {
    const health = await fetch(`${url}/_cluster/health`, { signal: AbortSignal.timeout(2_000) })
    return health.ok && ['green', 'yellow'].includes(((await health.json()) as { status: string }).status)
  } catch {
    return false
  }
}

/** Starts a node; about ten seconds. Call only where `elasticClassPath()` has no reason. */
export async function startElastic(): Promise<ElasticServer> {
  const { classPath, reason } = elasticClassPath()
  if (classPath === undefined) throw new Error(reason)
  const [http = 0, transport = 0, tls = 0] = await freePorts(3)
  const directory = join(cacheDirectory, 'run', `elastic-${process.pid}-${http}`)
  mkdirSync(join(directory, 'config'), { recursive: true })
  const certificates = makeCertificates(join(directory, 'certificates'))
  const settings = {
    'path.home': directory,
    'cluster.name': 'millrace',
    'network.host': '127.0.0.1',
    'http.port': http,
    'transport.port': transport,
    'discovery.type': 'single-node',
    'cluster.routing.allocation.disk.threshold_enabled': false,
    'node.processors': 2,
  }
  const launcher = fileURLToPath(new URL('./EmbeddedElastic.java', import.meta.url))
  const args = ['-Xmx512m', '-cp', classPath, launcher, ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)]
  const url = `http://127.0.0.1:${http}`
  let server = await startJava('elastic', args, () => answers(url))
  const stopProxy = await startTlsProxy(tls, http, certificates)
  return {
    url,
    tlsUrl: `https://127.0.0.1:${tls}`,
    certificates,
    logFile: server.logFile,
    async restart() {
      await server.stop()
      server = await startJava('elastic', args, () => answers(url))
    },
    async stop() {
      await stopProxy()
      await server.stop(true)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
