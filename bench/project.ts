/** The project in which the benchmarks run: the peers by their lockfile, and the package as it is packed now. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm } from '../test/runtimes/npm.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '..')
/** Below the root, so that the tools are found there; peers and the package itself are found first. */
const project = join(root, '.tmp/bench')
/** What was installed last; a half-finished install has none. */
const stampFile = join(project, 'node_modules/.installed-lockfile')

/** Makes what is missing or old, and returns where it lies. */
export function makeProject(): string {
  installPeers()
  installPacked()
  return project
}

function installPeers(): void {
  const lock = createHash('sha256')
    .update(readFileSync(join(here, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lock) return
  console.log('installing the peers (13 MB) ...')
  rmSync(project, { recursive: true, force: true })
  mkdirSync(project, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(here, file), join(project, file))
  npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], project)
  writeFileSync(stampFile, lock)
}

function installPacked(): void {
  npm(['run', 'build:js', '--silent', '--', '--silent'], root)
  const listed = npm(['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', project], root)
  const [{ filename }] = JSON.parse(listed) as [{ filename: string }]
  const home = join(project, 'node_modules/@easymo/perf')
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  execFileSync('tar', ['-xzf', join(project, filename), '-C', home, '--strip-components=1'])
}
