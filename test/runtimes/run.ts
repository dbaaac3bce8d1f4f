/**
 * Tries the packed package on every runtime: one line each, exit code 1 when anything failed.
 * `npx tsx test/runtimes/run.ts`, after `npm run build`.
 */
import { join } from 'node:path'
import { installRuntimes } from './install.ts'
import { run } from './npm.ts'
import { emptyProject, packAndInstall, subpaths, type Packed } from './packed.ts'
import { peersCases } from './peers.ts'
import { startRemoteStore } from './remote-store.ts'
import { failureCount, must, section, tryCase, type CaseResult } from './report.ts'
import { typesCases } from './types.ts'
import { workerCases } from './worker-cases.ts'
import { bundleWorker, startWorker } from './workerd.ts'

/** Before and after Workers began to reject waits on promises of ended requests, instead of letting them hang. */
const COMPATIBILITY_DATES = ['2026-06-01', '2024-01-01']

/** The entry of the package may cost a cold start so many files, those of its dependency apart. */
const MOST_FILES = 3

const runtimes = installRuntimes()
const packed = packAndInstall()
try {
  await everything(packed)
} finally {
  packed.remove()
}
if (failureCount() > 0) process.exitCode = 1
console.log(failureCount() === 0 ? 'the packed package works everywhere' : `${failureCount()} failed`)

async function everything(of: Packed): Promise<void> {
  const nodes = { [process.version]: process.execPath, v22: runtimes.node22, v24: runtimes.node24 }
  await section('an empty project, no peers', () => bareCases(of))
  for (const [version, program] of Object.entries(nodes)) await section(`Node ${version}`, () => nodeCases(of, program))
  await section('Deno, no permissions', () => suiteOn(of, runtimes.deno, ['run', '--no-prompt', '--cached-only']))
  await section('Bun', () => suiteOn(of, runtimes.bun, ['--no-install']))
  await section('workerd: bundle', () =>
    one('bundles without node: imports or drivers', () => bundleWorker(of.project)),
  )
  // Side by side, because they spend their time waiting.
  await Promise.all(COMPATIBILITY_DATES.map((date) => section(`workerd, as of ${date}`, () => onWorkerd(of, date))))
  await section('types', () => typesCases(of))
  await section('peers', () => peersCases(of))
}

async function one(name: string, work: () => unknown): Promise<CaseResult[]> {
  return [await tryCase(name, work)]
}

/** The last line that a program printed is its list of results. */
function resultsOf(program: string, args: readonly string[], cwd: string): CaseResult[] {
  const lines = run(program, args, cwd).trim().split('\n')
  return JSON.parse(lines.at(-1) ?? '') as CaseResult[]
}

async function suiteOn(of: Packed, program: string, flags: readonly string[] = []): Promise<CaseResult[]> {
  return resultsOf(program, [...flags, 'main.mjs'], of.project)
}

async function nodeCases(of: Packed, program: string): Promise<CaseResult[]> {
  return [
    ...(await suiteOn(of, program)),
    ...resultsOf(program, ['node.mjs', JSON.stringify(subpaths)], of.project),
    await tryCase(`importing @easymo/perf loads at most ${MOST_FILES} files`, () => fewFiles(of, program)),
  ]
}

function fewFiles(of: Packed, program: string): void {
  const script = ['--import', './trace.mjs', '--input-type=module', '-e', "await import('@easymo/perf')"]
  const loaded = run(program, script, of.project).match(/(?<=^loaded ).*@easymo\/perf\/.*$/gm) ?? []
  must(loaded.length > 0, 'the trace saw nothing')
  must(loaded.length <= MOST_FILES, `it loads ${loaded.length}:\n${loaded.join('\n')}`)
}

/** Optional peers are optional: only the schemas need zod. */
async function bareCases(of: Packed): Promise<CaseResult[]> {
  const folder = join(of.folder, 'bare')
  emptyProject(folder, [of.tarball])
  const results: CaseResult[] = []
  for (const subpath of subpaths.filter((path) => !path.endsWith('/schemas')))
    results.push(
      await tryCase(`imports ${subpath} without any peer`, () =>
        run(process.execPath, ['--input-type=module', '-e', `await import('${subpath}')`], folder),
      ),
    )
  results.push(await tryCase('easymo-perf --help answers', () => run('npx', ['--no', 'easymo-perf', '--help'], folder)))
  return results
}

async function onWorkerd(of: Packed, compatibilityDate: string): Promise<CaseResult[]> {
  const { workerd: program } = runtimes
  const store = await startRemoteStore()
  try {
    const worker = await startWorker({ program, project: of.project, compatibilityDate, storeUrl: store.url })
    try {
      return await workerCases(worker, store)
    } finally {
      await worker.stop()
    }
  } finally {
    await store.stop()
  }
}
