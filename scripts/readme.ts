/** Runs README's first program against the packed package, and looks whether everything README imports exists. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packAndInstall } from '../test/runtimes/packed.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

function fences(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, body = '']) => body)
}

/** A module that links only when every name that README imports is exported. */
function linkTest(programs: readonly string[]): string {
  const imports = programs.flatMap((program) => program.match(/^import .* from '@easymo\/perf.*'$/gm) ?? [])
  return imports.map((line) => line.replace('import', 'export')).join('\n')
}

const [program = '', ...others] = fences('js')
const [expected = ''] = fences('text')
const packed = packAndInstall()
try {
  const run = (name: string, source: string): string => {
    writeFileSync(join(packed.project, name), source)
    return execFileSync(process.execPath, [name], { cwd: packed.project, encoding: 'utf8' })
  }
  const printed = run('first.mjs', program)
  others.forEach((other, at) => run(`link-${at}.mjs`, linkTest([other])))
  if (printed !== expected) throw new Error(`README promises\n${expected}\nbut its program prints\n${printed}`)
  console.log(`README's first program prints what it promises; ${others.length} further programs link.`)
} finally {
  packed.remove()
}
