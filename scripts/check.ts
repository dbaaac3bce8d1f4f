/**
 * `npm run check`: every habit of the house, one line each, stopping at the first that fails.
 *
 *   npm run check -- --only lint,size     these alone
 *   npm run check -- --skip test          all but these
 */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { steps, type Step } from './steps.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const logs = join(root, '.tmp/check')
const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}` }

function chosen(): Step[] {
  const { values } = parseArgs({ options: { only: { type: 'string' }, skip: { type: 'string' } } })
  const only = names(values.only)
  const skip = names(values.skip)
  const list = steps.filter(({ name }) => (only.length === 0 || only.includes(name)) && !skip.includes(name))
  const unbuilt = list.some(({ built }) => built) && !existsSync(join(root, 'dist/index.js'))
  const build = steps.find(({ name }) => name === 'build')
  return unbuilt && build !== undefined && !list.includes(build) ? [build, ...list] : list
}

function names(list: string | undefined): string[] {
  const asked = list?.split(',') ?? []
  const unknown = asked.find((name) => !steps.some((step) => step.name === name))
  if (unknown === undefined) return asked
  console.error(`unknown step "${unknown}"; known: ${steps.map(({ name }) => name).join(', ')}`)
  return process.exit(2)
}

/** Runs a step. What it prints goes to a file: some tools end before a pipe has taken all of their report. */
function passes({ name, commands }: Step): boolean {
  const log = openSync(join(logs, `${name}.log`), 'w')
  try {
    return commands.every((command) => {
      const { status } = spawnSync(command, { shell: true, cwd: root, env, stdio: ['ignore', log, log] })
      return status === 0
    })
  } finally {
    closeSync(log)
  }
}

mkdirSync(logs, { recursive: true })
for (const step of chosen()) {
  process.stdout.write(step.name.padEnd(12))
  const start = performance.now()
  const passed = passes(step)
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s`)
  if (passed) continue
  console.error(`\n${readFileSync(join(logs, `${step.name}.log`), 'utf8')}\nnpm run check -- --only ${step.name}`)
  process.exit(1)
}
