// The float32 matrix product on one thread, on both binaries. `npm run build && node bench/kernels/gemm.mjs [size …]` prints a line of JSON per
// size and binary: GFLOP/s of the fastest run by CPU time, and a hash of the result.
import { createDevice } from '../../dist/device/device.js'
import { gemm } from '../../dist/compute/gemm.js'
import { random } from '../../dist/base/random.js'

const sizes = process.argv.slice(2).map(Number)
const repeats = Number(process.env.REPEATS ?? 7)

for (const relaxed of [false, true]) {
  let device
  try {
    device = await createDevice({ relaxed })
  } catch (error) {
    console.log(JSON.stringify({ bench: 'kernels/gemm', relaxed, skipped: error.code }))
    continue
  }
  for (const size of sizes.length > 0 ? sizes : [64, 256, 1024, 1000]) {
    const arena = device.arena()
    const chance = random(size)
    const [a, b, c] = [0, 0, 0].map(() => arena.allocate(4 * size * size))
    for (const address of [a, b]) device.memory.float32s(address, size * size).forEach((_, i, all) => (all[i] = chance.float() - 0.5))
    let best = Number.POSITIVE_INFINITY
    for (let i = 0; i <= repeats; i++) {
      const inner = Math.max(1, Math.round((256 / size) ** 3))
      const scratch = device.arena()
      const start = process.cpuUsage()
      for (let j = 0; j < inner; j++) gemm(device, scratch, { rows: size, columns: size, depth: size, a, b, c })
      const { user, system } = process.cpuUsage(start)
      best = Math.min(best, (user + system) / 1e3 / inner)
      scratch.release()
    }
    const hash = device.memory.float32s(c, size * size).reduce((sum, x) => sum + Math.abs(x), 0)
    console.log(JSON.stringify({ bench: 'kernels/gemm', relaxed, size, gflops: Number(((2 * size ** 3) / best / 1e6).toFixed(1)), ms: Number(best.toFixed(3)), hash: Number(hash.toPrecision(6)) }))
    arena.release()
  }
}
