// The GPU that tests run on: the software one inside Debian's chromium package, through Dawn; without it whatever GPU the machine has.
// On CI its absence is a failure; elsewhere the tests are shown as skipped with the reason.
import { existsSync } from 'node:fs'
import { type Gpu, type GpuOptions, openGpu } from '../../src/device/gpu.ts'

const drivers = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/usr/lib/chromium-browser/vk_swiftshader_icd.json']

/** Opens the tests' GPU, or says why there is none. The caller closes it. */
export async function openTestGpu(options: GpuOptions = {}): Promise<Gpu | string> {
  const driver = drivers.find(existsSync)
  // Vulkan's loader reads this when the first adapter is asked for.
  if (driver && !process.env.VK_ICD_FILENAMES) process.env.VK_ICD_FILENAMES = driver
  let reason = 'no reason given'
  const gpu = await openGpu({ ...options, onAbsent: why => (reason = why) })
  return gpu ?? `no GPU: ${reason} (node scripts/install-chromium.mjs installs a software one)`
}

/** The reason to skip, or undefined. Throws on CI, where a missing GPU or browser must not pass for a success. */
export function skipReason(found: unknown): string | undefined {
  if (typeof found !== 'string') return undefined
  if (process.env.CI) throw new Error(`on CI this is a failure: ${found}`)
  return found
}

/** Debian's browser, or the reason why there is none. */
export function findChromium(): { path: string } | string {
  const path = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
  return path ? { path } : 'no chromium (node scripts/install-chromium.mjs installs it)'
}
