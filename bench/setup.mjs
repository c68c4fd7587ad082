// Installs the peers: npm packages into bench/node_modules, Python's polars and pyarrow into bench/.venv where there is a python3, Flink's jars (190 MB) into bench/out/flink
// where there is a Maven. What can't be installed is said and left out: the harness then shows it as not measured.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const cwd = fileURLToPath(new URL('.', import.meta.url))
const steps = [
  ['npm packages', 'npm', ['ci', '--no-audit', '--no-fund']],
  // Its lock file would name platform packages that not every registry has.
  ['nodejs-polars', 'npm', ['install', '--no-save', '--no-audit', '--no-fund', 'nodejs-polars']],
  ['a Python environment', 'python3', ['-m', 'venv', '.venv']],
  ['polars', '.venv/bin/pip', ['install', '--quiet', 'polars']],
  // For test/format/peers.test.ts alone.
  ['pyarrow', '.venv/bin/pip', ['install', '--quiet', 'pyarrow']],
  ['Flink', 'mvn', ['-q', '-f', 'engines/flink/pom.xml', 'dependency:copy-dependencies', `-DoutputDirectory=${cwd}out/flink/lib`]],
]
for (const [what, program, args] of steps) {
  const { status, error } = spawnSync(program, args, { cwd, stdio: 'inherit' })
  console.log(status === 0 ? `installed: ${what}` : `not installed: ${what} (${error?.message ?? `${program} ended with ${status}`})`)
}
