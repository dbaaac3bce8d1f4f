/** The tarball that users will install, in an empty project of its own. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { npm } from './npm.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Packed {
  /** Where everything of this run lies; removed at the end. */
  readonly folder: string
  readonly tarball: string
  /** A project with the tarball, zod, and the files of `inside/`. */
  readonly project: string
  remove(): void
}

interface Manifest {
  readonly exports: Record<string, unknown>
  readonly devDependencies: Record<string, string>
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/** Every import path of the package that is code, e.g. `@easymo/perf/cache`. */
export const subpaths = Object.keys(manifest.exports)
  .filter((path) => path !== './package.json')
  .map((path) => path.replace(/^\./, '@easymo/perf'))

/** The version of a tool that the root has pinned, so that it is written in one place. */
const pinned = (name: string): string => `${name}@${manifest.devDependencies[name] ?? 'missing'}`

/** The whole client, of the version of its part that the tests have. */
const supabaseJs = (): string => pinned('@supabase/postgrest-js').replace('postgrest-js', 'supabase-js')

/** An empty project, as `npm init -y` leaves it, with these packages installed. */
export function emptyProject(folder: string, packages: readonly string[], ...flags: readonly string[]): string {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  npm(['install', ...packages, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...flags], folder)
  return folder
}

/** Packs `dist` as it stands and installs it. */
export function packAndInstall(): Packed {
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('dist/ is missing: run `npm run build` first')
  const folder = mkdtempSync(join(tmpdir(), 'easymo-perf-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const listed = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root)
    const [{ filename }] = JSON.parse(listed) as [{ filename: string }]
    const tarball = join(folder, filename)
    const project = emptyProject(join(folder, 'project'), [tarball, pinned('zod'), supabaseJs()])
    cpSync(fileURLToPath(new URL('inside', import.meta.url)), project, { recursive: true })
    takeTypesAway(join(root, 'examples/easymo/service.ts'), join(project, 'easymo-service.mjs'))
    return { folder, tarball, project, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** A file of the examples, and what it imports beside it, as JavaScript: Node 20 and workerd read no types. */
function takeTypesAway(from: string, to: string): void {
  buildSync({ entryPoints: [from], outfile: to, bundle: true, format: 'esm', external: ['@easymo/perf'] })
}
