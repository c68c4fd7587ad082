// The encoder against the machine: what is encoded must run, and do what the instructions say.
import { describe, expect, it } from 'vitest'
import { compiledFunction } from '../../src/device/compiled.ts'
import { createDevice } from '../../src/device/device.ts'
import { WasmFunction } from '../../src/device/wasm-code.ts'

const device = await createDevice()
const arena = device.arena()
let made = 0
const run = (fn: WasmFunction, address: number) => compiledFunction(device, `test ${made++}`, () => ({ module: fn.module(), about: null }))!.run(address)

describe('wasm code', () => {
  it('loads, computes and stores scalars, with constants of every size', () => {
    const address = arena.allocate(64)
    device.memory.int64s(address, 1)[0] = 40n
    for (const constant of [0n, 1n, -1n, 63n, 64n, -64n, -65n, 127n, 128n, 8191n, 2n ** 31n, -(2n ** 31n), 2n ** 63n - 1n, -(2n ** 63n)]) {
      const fn = new WasmFunction()
      fn.body.get(0).get(0).at('i64.load').i64(constant).do('i64.xor').at('i64.store', 8).i32(Number(BigInt.asIntN(32, constant)))
      expect(run(fn, address)).toBe(Number(BigInt.asIntN(32, constant)))
      expect(device.memory.int64s(address, 2)[1]).toBe(40n ^ constant)
    }
  })

  it('reaches far offsets, and keeps floats as they are', () => {
    const address = arena.allocate(100_000)
    for (const value of [0, -0, 1.5, Number.MIN_VALUE, Number.POSITIVE_INFINITY, Number.NaN]) {
      const fn = new WasmFunction()
      fn.body.get(0).f64(value).at('f64.store', 80_000).i32(0)
      run(fn, address)
      expect(device.memory.float64s(address + 80_000, 1)[0]).toBe(value)
    }
  })

  it('loops and leaves blocks', () => {
    // The sum of 1 to n.
    const fn = new WasmFunction()
    const [n, sum] = [fn.local('i32'), fn.local('i32')]
    fn.prologue.get(0).set(n)
    fn.body.block(() => {
      fn.body.get(n).do('i32.eqz').branchIf(0)
      fn.body.loop(() => fn.body.get(sum).get(n).do('i32.add').set(sum).get(n).i32(1).do('i32.sub').tee(n).branchIf(0))
    })
    fn.body.get(sum)
    expect([0, 1, 10, 1000].map(n => compiledFunction(device, 'sum', () => ({ module: fn.module(), about: null }))!.run(n))).toEqual([0, 1, 55, 500_500])
  })

  it('has vectors: constants, words in any order, lanes', () => {
    const fn = new WasmFunction()
    const address = arena.allocate(64)
    const v = fn.local('v128')
    fn.prologue.v128(new Uint8Array(new Int32Array([10, 20, 30, 40]).buffer)).set(v)
    fn.body.get(0).get(v).get(v).i32(5).do('i32x4.splat').do('i32x4.add').shuffle([0, 5, 2, 7]).at('v128.store').get(v).lane('i32x4.extract_lane', 2)
    expect(run(fn, address)).toBe(30)
    expect([...device.memory.int32s(address, 4)]).toEqual([10, 25, 30, 45])
  })
})

describe('compiled functions', () => {
  it('are made once for a key, also where there is none to make', () => {
    let times = 0
    const encode = () => {
      times++
      return undefined
    }
    expect([compiledFunction(device, 'none', encode), compiledFunction(device, 'none', encode)]).toEqual([undefined, undefined])
    expect(times).toBe(1)
  })

  it('are refused where the code is wrong', () => {
    const fn = new WasmFunction()
    fn.body.f64(1)
    expect(() => run(fn, 0)).toThrow(expect.objectContaining({ code: 'COMPILE', message: expect.stringContaining('no valid module') }))
  })
})
