import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const PEERS = ['pg', 'postgres', 'ioredis', 'redis', '@supabase/supabase-js', 'zod']

/** The optional peers, with the version that this project would load; `undefined` for those that are not installed. */
export async function peers(): Promise<readonly (readonly [name: string, version: string | undefined])[]> {
  return Promise.all(PEERS.map(async (name) => [name, await versionOf(name)] as const))
}

/** Looks from the folder where the command runs: that is the project, wherever this package lies. */
async function versionOf(name: string): Promise<string | undefined> {
  const require = createRequire(join(process.cwd(), 'package.json'))
  for (const folder of require.resolve.paths(name) ?? [])
    try {
      const { version } = JSON.parse(await readFile(join(folder, name, 'package.json'), 'utf8')) as {
        version?: unknown
      }
      return typeof version === 'string' ? version : undefined
    } catch {
      // Not in this folder: the next one may have it.
    }
  return undefined
}

/** The version of this package. */
export async function ownVersion(): Promise<string> {
  const file = createRequire(import.meta.url).resolve('@easymo/perf/package.json')
  const { version } = JSON.parse(await readFile(join(dirname(file), 'package.json'), 'utf8')) as { version: string }
  return version
}
