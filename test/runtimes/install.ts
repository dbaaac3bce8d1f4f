/** Installs the other runtimes into this folder, once per lockfile, and says where their programs are. */
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { npm } from './npm.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const modules = join(here, 'node_modules')
/** What was installed last; a half-finished install has none. */
const stampFile = join(modules, '.installed-lockfile')

const programs = {
  node22: join(modules, 'node22/bin/node'),
  node24: join(modules, 'node24/bin/node'),
  deno: join(modules, '@deno/linux-x64-glibc/deno'),
  bun: join(modules, '@oven/bun-linux-x64/bin/bun'),
  workerd: join(modules, '@cloudflare/workerd-linux-64/bin/workerd'),
}

export type Programs = typeof programs

/**
 * Installs what is missing, and returns the paths of the programs.
 *
 * @throws Error on a platform that they do not run on: nothing is skipped in silence
 */
export function installRuntimes(): Programs {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `The runtimes of test/runtimes are programs for Linux on x64, and this is ${process.platform} on ${process.arch}. ` +
        'Run the check in a container (docker run --platform linux/amd64 -v "$PWD":/repo -w /repo node:20 npm run check) or in CI.',
    )
  const lock = createHash('sha256')
    .update(readFileSync(join(here, 'package-lock.json')))
    .digest('hex')
  const installed = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lock
  if (!installed) {
    console.log(
      'installing Node 22 and 24, Deno, Bun, workerd, attw and knip into test/runtimes (a few hundred MB to fetch) ...',
    )
    // Without their install scripts, which only copy or download what the packages for this platform bring along.
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], here)
    for (const program of Object.values(programs)) chmodSync(program, 0o755)
    writeFileSync(stampFile, lock)
  }
  return programs
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) installRuntimes()
