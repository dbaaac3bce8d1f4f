/** Packs what npm would publish, and lets publint and attw look at that tarball. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, '.tmp/package')

function pack(): string {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' })) as [
    { filename: string },
  ]
  return join(folder, filename)
}

/** What publint finds; its suggestions are not warnings, and do not count. */
async function lint(tarball: string): Promise<string[]> {
  const { buffer, byteOffset, byteLength } = readFileSync(tarball)
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength)
  const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true, level: 'warning' })
  return messages.map((message) => `publint: ${formatMessage(message, pkg) ?? message.code}`)
}

/** ESM only: what the `require()` of old Nodes and the resolution of old TypeScripts make of it does not count. */
function resolves(tarball: string): boolean {
  const attw = join(root, 'test/runtimes/node_modules/.bin/attw')
  try {
    execFileSync(attw, [tarball, '--profile', 'esm-only', '--no-emoji', '--no-color'], { stdio: 'inherit' })
    return true
  } catch {
    return false
  }
}

const tarball = pack()
const found = await lint(tarball)
console.log(found.join('\n'))
process.exitCode = resolves(tarball) && found.length === 0 ? 0 : 1
