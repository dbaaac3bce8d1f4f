/** Whether npm accepts the package beside the drivers that it says it works with. Resolves, and installs nothing. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { emptyProject, type Packed } from './packed.ts'
import { must, tryCase, type CaseResult } from './report.ts'

const accepted = [
  ['pg@8', 'ioredis@5', 'redis@5', 'zod@4', '@supabase/supabase-js@2'],
  ['pg@8', 'ioredis@6', 'redis@6', 'zod@4', '@supabase/supabase-js@2'],
]

export async function peersCases(packed: Packed): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  for (const peers of accepted)
    results.push(await tryCase(`accepts ${peers.join(', ')}`, () => resolvesWith(packed, peers)))
  const refuses = await tryCase('refuses zod 3, so that the other cases can fail', () => {
    let refusal = ''
    try {
      resolve(packed, ['zod@3'])
    } catch (error) {
      refusal = String(error)
    }
    must(/ERESOLVE/.test(refusal), `npm found no conflict: ${refusal}`)
  })
  return [...results, refuses]
}

function resolvesWith(packed: Packed, peers: readonly string[]): void {
  const lock = resolve(packed, peers)
  for (const peer of peers) {
    const [, name = '', major = ''] = /^(.+)@(\d+)$/.exec(peer) ?? []
    const version = lock.packages[`node_modules/${name}`]?.version ?? 'missing'
    must(version.startsWith(`${major}.`), `${name} became ${version}`)
  }
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>
}

let projects = 0

function resolve({ folder, tarball }: Packed, peers: readonly string[]): Lock {
  const project = join(folder, `peers-${(projects += 1)}`)
  emptyProject(project, [tarball, ...peers], '--package-lock-only', '--strict-peer-deps')
  return JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as Lock
}
