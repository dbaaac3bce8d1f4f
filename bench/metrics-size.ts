/** What a bundle grows by, and how long a fresh process takes to import it. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { gzipOf } from './bundle-size.ts'
import { judge, type Comparison } from './harness.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const IMPORTS = 15

/** Milliseconds that importing takes in a process which has done nothing else. */
function importTime(name: string): number {
  const program = `
    const startedAt = performance.now()
    await import(${JSON.stringify(name)})
    console.log(performance.now() - startedAt)`
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: here, encoding: 'utf8' }))
}

function importTimes(): readonly [ours: number, theirs: number] {
  const rounds = Array.from({ length: IMPORTS }, () => [importTime('@easymo/perf/metrics'), importTime('prom-client')])
  const median = (side: 0 | 1): number => rounds.map((round) => round[side] ?? NaN).sort((a, b) => a - b)[IMPORTS >> 1] ?? NaN // prettier-ignore
  return [median(0), median(1)]
}

export async function sizes(): Promise<Comparison[]> {
  const [ours, theirs] = importTimes()
  const used = await gzipOf("export { createMetrics, prometheusText } from '@easymo/perf/metrics'")
  const peer = await gzipOf("export { Counter, Histogram, Registry } from 'prom-client'")
  return [
    // 1 kB is 1000 bytes, as size-limit counts.
    judge('size in a bundle, gzip', [
      { of: 'import { createMetrics, prometheusText }', value: used, unit: 'bytes', atMost: 4_000 },
      { of: 'prom-client', value: peer, unit: 'bytes' },
    ]),
    judge('time to import, fresh processes', [
      { of: 'easymo', value: ours, unit: 'ms' },
      { of: 'prom-client', value: theirs, unit: 'ms' },
      { of: 'easymo / prom-client', value: ours / theirs, unit: '', atMost: 1 / 5 },
    ]),
  ]
}
