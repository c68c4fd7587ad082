// Installs Debian's chromium when it is missing: it brings the software GPU (SwiftShader) that the GPU tests run on in Node, and the page
// they run in. Needs apt-get, and root or passwordless sudo. Prints what it found; exits 1 with the reason when it can't.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser']
const installed = () => browsers.find(existsSync)

const found = installed()
if (found) {
  console.log(`chromium: ${found} is there already`)
  process.exit(0)
}

const root = process.getuid?.() === 0
function apt(...args) {
  const command = root ? ['apt-get', ...args] : ['sudo', '-n', 'apt-get', ...args]
  const { status, error } = spawnSync(command[0], command.slice(1), { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  if (error || status !== 0) {
    console.error(`chromium: "${command.join(' ')}" failed${error ? ` (${error.message})` : ''}; install Debian's chromium and libvulkan1 by hand`)
    process.exit(1)
  }
}

apt('update')
apt('install', '-y', '--no-install-recommends', 'chromium', 'libvulkan1')
console.log(`chromium: installed ${installed() ?? 'nothing that this script knows'}`)
process.exit(installed() ? 0 : 1)
