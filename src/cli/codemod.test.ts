import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import * as easymo from '../easymo/index.ts'
import { presetNames } from './codemod/names.ts'
import { main } from './main.ts'

let dir: string

beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'codemod-'))))
afterEach(() => rm(dir, { recursive: true }))

async function put(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), text)
  }
}

async function run(...more: string[]) {
  const [lines, errors]: [string[], string[]] = [[], []]
  const out = { line: (text: string) => void lines.push(text), error: (text: string) => void errors.push(text) }
  const code = await main({ args: ['codemod', '_shared-imports', dir, ...more], env: {}, out, fetch })
  return { code, lines, errors }
}

const core = `import { serve } from 'https://deno.land/std/http/server.ts'
import { getPooledClient } from "../_shared/database/client-pool.ts";
import {
  getCachedProfile,
  profileCache as profiles,
} from '../_shared/cache/index.ts'
import type { QueryBuilder, CacheStats as Stats } from '../_shared/database/query-builder.ts'
import { other } from '../_shared/messages/send.ts'
`
const types = `import { SupabaseClientPool, query, type WarmupConfig } from '../_shared/performance/index.ts'
`
const mixed = `import { logStructuredEvent, trackHandler } from '../_shared/observability/index.ts'
const lazy = () => import('../_shared/cache/index.ts')
import * as metrics from '../../_shared/observability/metrics.ts'
`

it('says what it would do, and writes nothing', async () => {
  await put({
    'core/index.ts': core,
    'jobs/index.ts': mixed,
    '_shared/cache/index.ts': mixed,
    'core/node_modules/a.ts': core,
  })
  const { code, lines } = await run()
  expect(code).toBe(1)
  expect(lines).toEqual([
    'core/index.ts:2  ../_shared/database/client-pool.ts: getPooledClient',
    'core/index.ts:3  ../_shared/cache/index.ts: getCachedProfile, profileCache as profiles',
    'core/index.ts:7  ../_shared/database/query-builder.ts: QueryBuilder, CacheStats as Stats',
    'jobs/index.ts:1  ../_shared/observability/index.ts: trackHandler',
    'jobs/index.ts:1  LEFT ../_shared/observability/index.ts: the preset has no logStructuredEvent',
    'jobs/index.ts:2  LEFT ../_shared/cache/index.ts: this form of import is yours to change',
    'jobs/index.ts:3  LEFT ../../_shared/observability/metrics.ts: this form of import is yours to change',
    '4 imports in 2 files would be of @easymo/perf/easymo; 3 left',
    '',
    'Each function needs one line more, before its first request:',
    "  import { createClient } from '@supabase/supabase-js'",
    '  configureEasymo({ createClient })',
    'Nothing was written: add --write.',
  ])
  expect(await readFile(join(dir, 'core/index.ts'), 'utf8')).toBe(core)
})

it('writes, for Deno, too, and does nothing the second time', async () => {
  await put({ 'core/index.ts': core, 'core/types.ts': types, 'jobs/index.ts': mixed })
  await run('--write', '--to', 'npm:@easymo/perf/easymo')
  expect(await readFile(join(dir, 'core/index.ts'), 'utf8'))
    .toBe(`import { serve } from 'https://deno.land/std/http/server.ts'
import { getPooledClient } from "npm:@easymo/perf/easymo";
import { getCachedProfile, profileCache as profiles } from 'npm:@easymo/perf/easymo'
import type { EasymoQuery as QueryBuilder, MemoryCacheStats as Stats } from 'npm:@easymo/perf/easymo'
import { other } from '../_shared/messages/send.ts'
`)
  const moved =
    "import { type ClientPool as SupabaseClientPool, query, type WarmupConfig } from 'npm:@easymo/perf/easymo'"
  expect(await readFile(join(dir, 'core/types.ts'), 'utf8')).toBe(`${moved}\n`)
  const jobs = await readFile(join(dir, 'jobs/index.ts'), 'utf8')
  expect(jobs.split('\n').slice(0, 2)).toEqual([
    "import { trackHandler } from 'npm:@easymo/perf/easymo'",
    "import { logStructuredEvent } from '../_shared/observability/index.ts'",
  ])
  const again = await run('--write')
  expect(again.lines.at(-1)).toMatch(/^0 imports in 0 files/)
  expect(await readFile(join(dir, 'jobs/index.ts'), 'utf8')).toBe(jobs)
})

it.each([
  [['codemod']],
  [['codemod', 'other', '.']],
  [['codemod', '_shared-imports']],
  [['codemod', '_shared-imports', '/no/such/folder']],
  [['codemod', '_shared-imports', '.', '--to', "a'b"]],
  [['codemod', '_shared-imports', '.', '--wrote']],
])('refuses %j', async (args) => {
  const errors: string[] = []
  const out = { line: () => undefined, error: (text: string) => void errors.push(text) }
  expect(await main({ args, env: {}, out, fetch })).toBe(2)
  expect(errors.join('\n')).toContain('Usage: easymo-perf codemod')
})

it('knows every name of the preset, and none besides', async () => {
  const added = ['configureEasymo', 'resetEasymo', 'easymoMetrics']
  const values = Object.keys(easymo).filter((name) => !added.includes(name))
  expect(values.filter((name) => !presetNames.includes(name) && name !== 'EasymoQuery')).toEqual([])
  const index = await readFile('src/easymo/index.ts', 'utf8')
  expect(presetNames.filter((name) => !new RegExp(`\\b${name}\\b`).test(index))).toEqual([])
})
