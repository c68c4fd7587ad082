// A throw-away certificate authority for one run of the services: a server certificate for the loopback names and a client certificate.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of PEM files, and the texts that clients pass on. Keys are unencrypted PKCS #8. */
export interface Certificates {
  readonly directory: string
  readonly ca: string
  readonly clientCertificate: string
  readonly clientKey: string
  readonly caFile: string
  readonly serverCertificateFile: string
  readonly serverKeyFile: string
}

function openssl(directory: string, ...args: string[]): void {
  const run = spawnSync('openssl', args, { cwd: directory, encoding: 'utf8' })
  if (run.error || run.status !== 0) throw new Error(`openssl ${args[0]} failed: ${run.error?.message ?? run.stderr}`)
}

function issue(directory: string, name: string, extensions: string): void {
  openssl(directory, 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', `${name}.key`)
  openssl(directory, 'req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`)
  writeFileSync(join(directory, `${name}.ext`), extensions)
  openssl(directory, 'x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '7', '-extfile', `${name}.ext`, '-out', `${name}.crt`)
}

/** Makes an authority, a server certificate for 127.0.0.1 and localhost, and a client certificate in `directory`. About half a second. */
export function makeCertificates(directory: string): Certificates {
  mkdirSync(directory, { recursive: true })
  openssl(directory, 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', 'ca.key')
  openssl(directory, 'req', '-x509', '-new', '-key', 'ca.key', '-subj', '/CN=millrace test authority', '-days', '7', '-out', 'ca.crt')
  issue(directory, 'server', 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n')
  issue(directory, 'client', 'extendedKeyUsage=clientAuth\n')
  const text = (name: string) => readFileSync(join(directory, name), 'utf8')
  return {
    directory,
    ca: text('ca.crt'),
    clientCertificate: text('client.crt'),
    clientKey: text('client.key'),
    caFile: join(directory, 'ca.crt'),
    serverCertificateFile: join(directory, 'server.crt'),
    serverKeyFile: join(directory, 'server.key'),
  }
}
