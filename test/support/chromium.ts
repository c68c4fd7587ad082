// Opens a page of this repository in headless chromium, served over loopback and cross-origin isolated, and returns what the page posts to /result.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const types: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json', '.wgsl': 'text/plain' }
const uncached = { 'Cache-Control': 'no-store' }
const isolating = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp', ...uncached }
const flags = ['--headless=new', '--no-sandbox', '--enable-unsafe-webgpu', '--disable-dev-shm-usage', '--no-first-run', '--no-default-browser-check']
const quiet = ['--disable-quic', '--disable-sync', '--disable-extensions', '--disable-component-update', '--disable-background-networking', '--enable-logging=stderr']

/** What a page is given: its module's path from the repository's root, and further bodies by path. */
export interface PageRun {
  readonly chromium: string
  readonly module: string
  readonly bodies: Readonly<Record<string, Uint8Array | string>>
  /** False serves it without cross-origin isolation. */
  readonly isolated?: boolean
}

// A page that fails to load its modules never posts.
const deadlineMs = 100_000

/** Runs a page until it posts; rejects with the browser's words when it ends before or takes 100 s. Only dist/, kernels/ and test/browser/ are served. */
export async function runPage({ chromium, module, bodies, isolated = true }: PageRun): Promise<unknown> {
  const profile = await mkdtemp(join(tmpdir(), 'millrace-chromium-'))
  let resolve!: (result: unknown) => void
  const posted = new Promise<unknown>(done => (resolve = done))
  const server = await serve(module, bodies, isolated ? isolating : uncached, resolve)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const browser = spawn(chromium, [...flags, ...quiet, `--user-data-dir=${profile}`, url], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  browser.stderr!.on('data', data => (said = (said + String(data)).slice(-4_000)))
  const ended = new Promise<void>(done => browser.once('close', () => done()))
  const fail = (what: string) => Promise.reject(new Error(`${what} before the page posted; chromium said: ${said}`))
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(done => (timer = setTimeout(done, deadlineMs)))
  try {
    return await Promise.race([posted, ended.then(() => fail('chromium ended')), late.then(() => fail('100 s passed'))])
  } finally {
    clearTimeout(timer)
    try {
      process.kill(-browser.pid!, 'SIGKILL')
    } catch {
      // It has ended already.
    }
    await ended
    server.closeAllConnections()
    server.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function serve(module: string, bodies: PageRun['bodies'], isolation: Record<string, string>, resolve: (result: unknown) => void): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url!, 'http://page').pathname
    if (request.method === 'POST') {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      response.writeHead(204, isolation).end()
      resolve(JSON.parse(Buffer.concat(parts).toString()))
      return
    }
    const body = path === '/' ? `<!doctype html><script type="module" src="/${module}"></script>` : (bodies[path] ?? (await file(path)))
    if (body === undefined) response.writeHead(404, isolation).end()
    else response.writeHead(200, { ...isolation, 'Content-Type': path === '/' ? 'text/html' : (types[extname(path)] ?? 'application/octet-stream') }).end(body)
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return server
}

function file(path: string): Promise<Buffer | undefined> {
  const local = normalize(path).slice(1)
  if (!/^(dist|kernels|test\/browser)\//.test(local)) return Promise.resolve(undefined)
  return readFile(join(root, local)).catch(() => undefined)
}
