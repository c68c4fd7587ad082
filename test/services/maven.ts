// Fetches the jars of a server, with all it needs at run time, through the machine's own Maven into .cache/services. Nothing is fetched twice.
// Where Java, Maven or Maven's registry is missing there is a `reason` instead, and tests show themselves as skipped with it.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where everything the services need lies; git ignores it. */
export const cacheDirectory = fileURLToPath(new URL('../../.cache/services/', import.meta.url))

/** `group:artifact:version`. */
export type Coordinates = `${string}:${string}:${string}`

/** A class path for `java -cp`, or why there is none. */
export type ClassPath = { classPath: string; reason?: undefined } | { reason: string; classPath?: undefined }

const javaVersionMin = 17

/** Why no Java server can be started here; undefined where one can. */
export function javaMissing(): string | undefined {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  if (java.error || java.status !== 0) return 'no Java: the command `java` is missing'
  const version = /version "(\d+)/.exec(java.stderr)?.[1]
  if (Number(version) < javaVersionMin) return `Java ${version} is too old: ${javaVersionMin} is needed`
  return undefined
}

function pom(dependencies: readonly Coordinates[]): string {
  const items = dependencies.map(coordinates => {
    const [group, artifact, version] = coordinates.split(':')
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`
  })
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    '<groupId>millrace.test</groupId><artifactId>service</artifactId><version>1</version><packaging>pom</packaging>',
    `<dependencies>\n${items.join('\n')}\n</dependencies></project>\n`,
  ].join('\n')
}

/** The class path of `dependencies` and all they need, fetched at most once into `.cache/services/<name>`. Takes seconds to minutes the first time. */
export function fetchClassPath(name: string, dependencies: readonly Coordinates[]): ClassPath {
  const reason = javaMissing()
  if (reason) return { reason }
  const directory = join(cacheDirectory, name)
  const classPath = join(directory, 'lib', '*')
  const wanted = pom(dependencies)
  const stamp = join(directory, 'fetched.xml')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { classPath }
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'pom.xml'), wanted)
  const maven = spawnSync('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=lib'], {
    cwd: directory, encoding: 'utf8', timeout: 540_000,
  })
  if (maven.error && 'code' in maven.error && maven.error.code === 'ENOENT') return { reason: 'no Maven: the command `mvn` is missing' }
  if (maven.status !== 0) return { reason: `Maven could not fetch ${dependencies.join(', ')}: its registry is out of reach or lacks them` }
  writeFileSync(stamp, wanted)
  return { classPath }
}
