// A real Kafka broker (KRaft, one node) on loopback with a plain, a TLS and a SASL-over-TLS listener. Topics are made by name; data dies with it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Certificates, makeCertificates } from './certificates.ts'
import { cacheDirectory, type ClassPath, fetchClassPath } from './maven.ts'
import { freePorts, listens, startJava } from './server-process.ts'

/** The broker's version: 4.x runs on Java 17 and has the transactions of KIP-890. */
export const kafkaVersion = '4.1.1'

/** A running broker. Addresses are `host:port`. */
export interface KafkaServer {
  readonly plain: string
  readonly tls: string
  /** TLS with SASL; mechanisms PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly sasl: string
  readonly username: string
  readonly password: string
  readonly certificates: Certificates
  readonly logFile: string
  /** All values of a topic as Kafka's own console consumer prints them, one line a record, `key<tab>value`. */
  consumeWithJava(topic: string, recordCount: number, isolation?: 'read_committed' | 'read_uncommitted'): string[]
  /** Ends the broker and starts it again on the same data and ports. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** The broker's jars, fetched at first use, or why there are none. */
export function kafkaClassPath(): ClassPath {
  return fetchClassPath('kafka', [`org.apache.kafka:kafka_2.13:${kafkaVersion}`, `org.apache.kafka:kafka-tools:${kafkaVersion}`, 'org.slf4j:slf4j-simple:1.7.36'])
}

function properties(ports: readonly number[], directory: string, username: string, password: string): string {
  const [plain, tls, sasl, controller] = ports
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${plain},SSL://127.0.0.1:${tls},SASL_SSL://127.0.0.1:${sasl},CONTROLLER://127.0.0.1:${controller}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_ssl.plain.sasl.jaas.config': login,
    'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': scram,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(directory, 'server.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(directory, 'certificates', 'ca.crt'),
    'ssl.client.auth': 'requested',
    'log.dirs': join(directory, 'data'),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 2,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 2,
    'share.coordinator.state.topic.replication.factor': 1,
    'group.initial.rebalance.delay.ms': 0,
    'log.cleaner.dedupe.buffer.size': 8_388_608,
    'num.network.threads': 2,
    'num.io.threads': 4,
  }).map(([name, value]) => `${name}=${value}\n`).join('')
}

function format(classPath: string, config: string, username: string, password: string): void {
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap(name => ['--add-scram', `${name}=[name=${username},password=${password}]`])
  const run = spawnSync('java', ['-Xmx256m', '-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', 'millraceAAAAAAAAAAAAAA', '-c', config, ...scram], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`kafka: formatting its storage failed: ${(run.stderr + run.stdout).slice(-2_000)}`)
}

function consume(classPath: string, address: string, topic: string, recordCount: number, isolation: string): string[] {
  const run = spawnSync('java', [
    '-Xmx256m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classPath, 'org.apache.kafka.tools.consumer.ConsoleConsumer',
    '--bootstrap-server', address, '--topic', topic, '--from-beginning', '--isolation-level', isolation, '--max-messages', String(recordCount),
    '--timeout-ms', '15000', '--property', 'print.key=true',
  ], { encoding: 'utf8', maxBuffer: 2 ** 30 })
  if (run.error) throw run.error
  return run.stdout.split('\n').filter(line => line.length > 0)
}

/** Starts a broker; about ten seconds. Call only where `kafkaClassPath()` has no reason. */
export async function startKafka(): Promise<KafkaServer> {
  const { classPath, reason } = kafkaClassPath()
  if (classPath === undefined) throw new Error(reason)
  const [plain = 0, tls = 0, sasl = 0, controller = 0] = await freePorts(4)
  const directory = join(cacheDirectory, 'run', `kafka-${process.pid}-${plain}`)
  mkdirSync(directory, { recursive: true })
  const certificates = makeCertificates(join(directory, 'certificates'))
  writeFileSync(join(directory, 'server.pem'), readFileSync(certificates.serverKeyFile, 'utf8') + readFileSync(certificates.serverCertificateFile, 'utf8') + certificates.ca)
  const username = 'miller'
  const password = `grain-${plain}-${Math.random().toString(36).slice(2)}`
  const config = join(directory, 'server.properties')
  writeFileSync(config, properties([plain, tls, sasl, controller], directory, username, password))
  format(classPath, config, username, password)
  const launcher = fileURLToPath(new URL('./RunWatched.java', import.meta.url))
  const args = ['-Xmx512m', '-cp', classPath, launcher, 'kafka.Kafka', config]
  const ready = async () => (await Promise.all([plain, tls, sasl].map(listens))).every(Boolean)
  let server = await startJava('kafka', args, ready)
  return {
    plain: `127.0.0.1:${plain}`,
    tls: `127.0.0.1:${tls}`,
    sasl: `127.0.0.1:${sasl}`,
    username,
    password,
    certificates,
    logFile: server.logFile,
    consumeWithJava: (topic, recordCount, isolation = 'read_committed') => consume(classPath, `127.0.0.1:${plain}`, topic, recordCount, isolation),
    async restart() {
      await server.stop()
      server = await startJava('kafka', args, ready)
    },
    async stop() {
      await server.stop(true)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
