import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { main } from './main.ts'

async function run(...args: string[]) {
  const lines: string[] = []
  const errors: string[] = []
  const out = { line: (text: string) => void lines.push(text), error: (text: string) => void errors.push(text) }
  const code = await main({ args, env: {}, out, fetch })
  return { code, lines: lines.join('\n'), errors: errors.join('\n') }
}

describe('easymo-perf', () => {
  it.each(['--help', '-h', 'help'])('lists its commands for %s', async (arg) => {
    const { code, lines, errors } = await run(arg)
    expect([code, errors]).toEqual([0, ''])
    expect(lines).toMatch(/^ {2}send {6}send a signed/m)
  })

  it.each(['--version', '-v'])('prints the version of the package for %s', async (arg) => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
    expect(await run(arg)).toEqual({ code: 0, lines: version, errors: '' })
  })

  it('prints the options of a command, whatever else stands there', async () => {
    const { code, lines } = await run('send', '--url', 'nonsense', '--help')
    expect(code).toBe(0)
    expect(lines).toContain('--secret SECRET')
  })

  it.each([
    ['no command', []],
    ['an unknown command', ['launch']],
    ['an unknown option', ['--verbose']],
    ['a name that every object has', ['constructor']],
  ])('ends with 2 and its usage for %s', async (_what, args) => {
    const { code, lines, errors } = await run(...args)
    expect([code, lines]).toEqual([2, ''])
    expect(errors).toContain('Usage: easymo-perf COMMAND')
  })
})

describe('the program', () => {
  it('runs under node and passes the exit code on', async () => {
    const tsx = ['--import', 'tsx', 'src/cli/index.ts']
    const [code, stderr] = await new Promise<[unknown, string]>((resolve) => {
      execFile(process.execPath, [...tsx, 'send'], { env: { PATH: process.env['PATH'] } }, (error, _out, text) =>
        resolve([error?.code, text]),
      )
    })
    expect(code).toBe(2)
    expect(stderr).toContain('give the app secret by --secret or WHATSAPP_APP_SECRET')
  })
})
