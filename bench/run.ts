/**
 * `npm run bench [-- NAME ...]`: packs the package, installs it into an empty project, and runs the benchmarks against it.
 * Raw results go to `bench/results/NAME.json`.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Comparison } from './harness.ts'
import { makeProject } from './project.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Runs a benchmark in a plain process: the loader that runs this file rewrites what it loads, the package included. */
async function runBench(name: string, project: string): Promise<readonly Comparison[]> {
  await build({
    entryPoints: [join(here, `${name}.bench.ts`)],
    bundle: true,
    packages: 'external',
    // The repository's own maps the package's name to its source, and what is packed would never be measured.
    tsconfigRaw: {},
    platform: 'node',
    format: 'esm',
    outfile: join(project, `${name}.mjs`),
  })
  const program = `
    import { writeFileSync } from 'node:fs'
    import { run } from './${name}.mjs'
    writeFileSync('${name}.json', JSON.stringify(await run()))`
  execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: project, stdio: 'inherit' })
  return JSON.parse(readFileSync(join(project, `${name}.json`), 'utf8')) as Comparison[]
}

const known = readdirSync(here)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''))
const asked = process.argv.slice(2)
const unknown = asked.find((name) => !known.includes(name))
if (unknown !== undefined) {
  console.error(`unknown benchmark "${unknown}"; known: ${known.join(', ')}`)
  process.exit(2)
}

const project = makeProject()
let missed = 0
for (const name of asked.length === 0 ? known : asked) {
  const comparisons = await runBench(name, project)
  missed += comparisons.flatMap(({ rows }) => rows).filter(({ met }) => !met).length
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length }
  const result = { name, at: new Date().toISOString(), machine, comparisons }
  writeFileSync(join(here, `results/${name}.json`), `${JSON.stringify(result, null, 2)}\n`)
}
console.log(missed === 0 ? '\nEvery target was met.' : `\n${missed} targets were missed.`)
