/**
 * Runs README's programs against the packed package: those that show what they print must print it, and everything that
 * the others import must exist.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { packAndInstall } from '../test/runtimes/packed.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

interface Program {
  readonly language: 'js' | 'ts'
  readonly source: string
  /** What README says that it prints. */
  readonly prints: string | undefined
}

function programs(): Program[] {
  const fence = /^```(js|ts)\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?/gms
  return [...readme.matchAll(fence)].map(([, language, source = '', prints]) => ({
    language: language === 'ts' ? 'ts' : 'js',
    source,
    prints,
  }))
}

/** A module that links only when every name that README imports is exported. */
function linkTest(source: string): string {
  const imports = source.match(/^import .* from '@easymo\/perf.*'$/gm) ?? []
  return imports.map((line) => line.replace('import', 'export')).join('\n')
}

const packed = packAndInstall()

function run(name: string, source: string): string {
  writeFileSync(join(packed.project, name), source)
  return execFileSync(process.execPath, [name], { cwd: packed.project, encoding: 'utf8' })
}

function prove({ language, source, prints }: Program, at: number): void {
  if (prints === undefined) return void run(`link-${at}.mjs`, linkTest(source))
  const printed = run(`program-${at}.mjs`, transformSync(source, { loader: language }).code)
  if (printed !== prints) throw new Error(`README promises\n${prints}\nbut its program prints\n${printed}`)
}

try {
  const all = programs()
  const shown = all.filter(({ prints }) => prints !== undefined).length
  if (shown < 2) throw new Error('README has lost its programs')
  all.forEach(prove)
  console.log(`${shown} programs print what README promises; ${all.length - shown} further ones link.`)
} finally {
  packed.remove()
}
