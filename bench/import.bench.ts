/** How many files of the package importing its root loads. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { judge, type Comparison } from './harness.ts'

const AT_MOST = 3

/** Writes down every module that a fresh process loads. */
const TRACER = `
  export async function load(url, context, next) { process._rawDebug(url); return next(url, context) }`

export function run(): Promise<Comparison[]> {
  const tracer = fileURLToPath(new URL('tracer.mjs', import.meta.url))
  writeFileSync(tracer, TRACER)
  const program = `
    import { register } from 'node:module'
    register(${JSON.stringify(new URL('tracer.mjs', import.meta.url).href)})
    await import('@easymo/perf')`
  const command = [process.execPath, '--input-type=module', '-e', program]
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const trace = execFileSync('sh', ['-c', '"$@" 2>&1', 'sh', ...command], { cwd, encoding: 'utf8' })
  const files = trace.split('\n').filter((url) => url.includes('/@easymo/perf/'))
  // None at all would mean that the tracer saw nothing.
  const loaded = { of: 'files loaded', value: files.length, unit: 'files', atLeast: 1, atMost: AT_MOST }
  return Promise.resolve([judge('importing @easymo/perf', [loaded])])
}
