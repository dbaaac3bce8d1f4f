import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { optionsOf } from '../arguments.ts'
import { UsageError, type Command, type CommandContext } from '../command.ts'
import { rewrite, type Found } from './rewrite.ts'

const usage = `Usage: easymo-perf codemod _shared-imports DIR [options]

Rewrites the imports of a folder of functions that lead to EasyMO's own modules in _shared/ to the preset, and lists what
it leaves. Writes nothing unless --write is given.

  --write           writes the files
  --to SPECIFIER    what is imported instead (default @easymo/perf/easymo; on Deno npm:@easymo/perf/easymo)
  --help            prints this

Exit code: 0 when nothing was left, 1 when something is yours to change, 2 for a wrong command line.`

const SOURCE = /\.[cm]?[jt]sx?$/
/** Not the functions' own; what is in _shared/ is what the preset stands for. */
const PASSED_OVER: ReadonlySet<string> = new Set(['node_modules', '_shared', 'dist', 'build', 'coverage'])

/** `easymo-perf codemod`: changes the services' sources so that they use the preset. */
export const codemod: Command = {
  summary: 'rewrite the imports of services to the preset',
  usage,
  async run({ args, out }) {
    const { dir, write, specifier } = await optionsFrom(args)
    let [files, imports, left] = [0, 0, 0]
    for await (const path of sources(dir)) {
      const source = await readFile(path, 'utf8')
      const { text, found } = rewrite(source, specifier)
      for (const one of found) for (const line of linesOf(one, relative(dir, path))) out.line(line)
      imports += found.filter(({ moved }) => moved.length > 0).length
      left += found.filter((one) => one.left !== undefined).length
      if (text === source) continue
      files += 1
      if (write) await writeFile(path, text)
    }
    tell(out, { files, imports, left, write, specifier })
    return left === 0 ? 0 : 1
  },
}

interface Options {
  readonly dir: string
  readonly write: boolean
  readonly specifier: string
}

async function optionsFrom(args: readonly string[]): Promise<Options> {
  const [name, dir, ...rest] = args
  if (name !== '_shared-imports') throw new UsageError('say what is to be changed: codemod _shared-imports DIR')
  if (dir === undefined || dir.startsWith('-')) throw new UsageError('say which folder: codemod _shared-imports DIR')
  const isFolder = await stat(dir).then((found) => found.isDirectory(), () => false) // prettier-ignore
  if (!isFolder) throw new UsageError('DIR must be a folder')
  const values = optionsOf(rest, {
    write: { type: 'boolean', default: false },
    to: { type: 'string', default: '@easymo/perf/easymo' },
  })
  if (!/^[^\s'"`\\]+$/.test(values.to)) throw new UsageError('--to must be a specifier without spaces and quotes')
  return { dir, write: values.write, specifier: values.to }
}

/** In the order of their names, so that two runs say the same. Links are not followed. */
async function* sources(dir: string): AsyncGenerator<string> {
  const entries = await readdir(dir, { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(dir, entry.name)
    if (entry.isDirectory() && !PASSED_OVER.has(entry.name) && !entry.name.startsWith('.')) yield* sources(path)
    else if (entry.isFile() && SOURCE.test(entry.name)) yield path
  }
}

function linesOf({ line, path, moved, left }: Found, file: string): string[] {
  const lines: string[] = []
  if (moved.length > 0) lines.push(`${file}:${line}  ${path}: ${moved.join(', ')}`)
  if (left !== undefined) lines.push(`${file}:${line}  LEFT ${path}: ${left}`)
  return lines
}

interface Totals extends Omit<Options, 'dir'> {
  readonly files: number
  readonly imports: number
  readonly left: number
}

function tell(out: CommandContext['out'], { files, imports, left, write, specifier }: Totals): void {
  out.line(`${imports} imports in ${files} files ${write ? 'are' : 'would be'} of ${specifier}; ${left} left`)
  if (imports > 0) {
    out.line('')
    out.line('Each function needs one line more, before its first request:')
    out.line("  import { createClient } from '@supabase/supabase-js'")
    out.line('  configureEasymo({ createClient })')
  }
  if (!write && imports > 0) out.line('Nothing was written: add --write.')
}
