/**
 * `npm run bench [-- NAME ...]`: packs the package, installs it into an empty project, and runs the benchmarks against it.
 * Raw results go to `bench/results/NAME.json`.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type { Comparison } from './harness.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// Below the root, so that peers and tools are found there; the package itself is found first, as it was packed.
const project = join(root, '.tmp/bench')

function npm(...args: readonly string[]): string {
  return execFileSync('npm', [...args], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function installPacked(): void {
  rmSync(project, { recursive: true, force: true })
  mkdirSync(join(project, 'node_modules/@easymo/perf'), { recursive: true })
  // A package of its own, else the name would mean the one around it, which is not the packed one.
  writeFileSync(join(project, 'package.json'), '{ "name": "bench", "private": true, "type": "module" }')
  npm('run', 'build:js', '--silent', '--', '--silent')
  const [packed] = JSON.parse(npm('pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', project)) as [
    { filename: string },
  ]
  const tarball = join(project, packed.filename)
  execFileSync('tar', ['-xzf', tarball, '-C', join(project, 'node_modules/@easymo/perf'), '--strip-components=1'])
}

async function runBench(name: string): Promise<readonly Comparison[]> {
  const outfile = join(project, `${name}.mjs`)
  await build({
    entryPoints: [join(root, `bench/${name}.bench.ts`)],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outfile,
  })
  const { run } = (await import(pathToFileURL(outfile).href)) as { run: () => Promise<readonly Comparison[]> }
  return run()
}

const known = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''))
const asked = process.argv.slice(2)
const unknown = asked.find((name) => !known.includes(name))
if (unknown !== undefined) {
  console.error(`unknown benchmark "${unknown}"; known: ${known.join(', ')}`)
  process.exit(2)
}

installPacked()
let missed = 0
for (const name of asked.length === 0 ? known : asked) {
  const comparisons = await runBench(name)
  missed += comparisons.flatMap(({ rows }) => rows).filter(({ met }) => !met).length
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length }
  const result = { name, at: new Date().toISOString(), machine, comparisons }
  writeFileSync(join(root, `bench/results/${name}.json`), `${JSON.stringify(result, null, 2)}\n`)
}
console.log(missed === 0 ? '\nEvery target was met.' : `\n${missed} targets were missed.`)
