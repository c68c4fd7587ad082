import { describe, expect, it } from 'vitest'
import { commands } from '../../src/cli/catalogue.ts'
import { runCli } from '../support/run-cli.ts'

describe('runProgram', () => {
  it('shows a help that teaches: every command and examples', async () => {
    const { code, out, error } = await runCli(['--help'])
    expect([code, error]).toEqual([0, ''])
    for (const { name, summary } of commands) expect(out).toMatch(new RegExp(`${name} .*${summary}`))
    expect(out).toContain('$ millrace convert trips.csv trips.parquet')
    expect((await runCli([])).out).toBe(out)
  })

  it('shows the help of every command, with an example', async () => {
    for (const { name } of commands.filter(command => command.name !== 'audit')) {
      const { code, out } = await runCli([name, '--help'])
      expect(code).toBe(0)
      expect(out).toMatch(new RegExp(`\\$ .*millrace ${name}`))
      expect((await runCli(['help', name])).out).toBe(out)
    }
    expect((await runCli(['audit', 'verify', '--help'])).out).toContain('$ millrace audit verify')
  })

  it('prints the version', async () => {
    expect((await runCli(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('answers wrong usage with exit code 2 and the nearest name', async () => {
    for (const [args, text] of [
      [
        ['convrt', 'a.csv', 'b.csv'],
        'error: millrace: no command "convrt" and no file of that name; the commands are convert, schema,',
      ],
      [['convrt', 'a.csv'], '; did you mean "convert"?'],
      [['frobnicate'], 'no command "frobnicate"'],
      [['audit', 'verfy'], '(Did you mean verify?)'],
      [['a.csv', '--jsn'], '(Did you mean --json?)'],
      [['head', '--selct', 'a', 'x.csv'], '(Did you mean --select?)'],
      [['head'], "missing required argument 'file'\n(millrace head --help shows how it is used)"],
      [['head', 'x.csv', '-n', 'many'], 'give a whole number'],
      [['convert', 'x.csv'], 'one path given (x.csv)'],
      [['convert', 'x.csv', 'y.xlsx'], 'its ending is .xlsx'],
      [['convert', 'x.csv', './x.csv'], 'both input and output'],
      [['convert', 'x.csv', 'y.csv', '--compression', 'snappy'], 'no such codec of csv; give none, gzip, zstd'],
      [['convert', 'x.csv', 'y.csv', 'z.csv', '--from', 'parket'], 'did you mean "parquet"?'],
      [['convert', 'x.csv', 'y.parquet', '--compression', 'lzo'], 'no such codec'],
      [['run', 'none.ts'], 'none.ts: no such file'],
      [['head', 'a.csv', '--select', 'a,,b'], 'names separated by commas'],
    ] as const) {
      const { code, error, out } = await runCli(args)
      expect(error).toContain(text)
      expect([code, out]).toEqual([2, ''])
    }
  })

  it('prints an error as one line, and its stack only with --debug', async () => {
    const plain = await runCli(['audit', 'verify', 'none'])
    expect(plain.code).toBe(1)
    expect(plain.error).toBe("error: none: no audit log here; a job writes one with run({ audit: 'none' }) or millrace run --audit none\n")
    const debug = await runCli(['audit', 'verify', 'none', '--debug'])
    expect(debug.error).toMatch(/\n {4}at /)
  })

  it('refuses to overwrite', async () => {
    const { code, error } = await runCli(['convert', 'x.csv', 'package.json', '--to', 'csv'])
    expect([code, error]).toEqual([1, 'error: package.json: a file of that name is there already; give another name or --overwrite\n'])
  })
})
