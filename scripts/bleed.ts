/** Looks into every built entry, with all that it loads: nothing may be in it that its user did not ask for. */
import { build } from 'esbuild'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../dist', import.meta.url))

/** What an entry may import of what is not ours. Drivers are in nobody's list. */
const allowed: Readonly<Record<string, RegExp>> = {
  cache: /^lru-cache$/,
  index: /^lru-cache$/,
  easymo: /^lru-cache$/,
  schemas: /^zod\/mini$/,
  cli: /^(node:.+|lru-cache)$/,
}
const nothing = /^\b$/

/** The packages and `node:` modules that an entry imports, itself or through its chunks, also by `import()`. */
async function importsOf(entry: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: dist,
    entryPoints: [`${entry}.js`],
    bundle: true,
    splitting: true,
    outdir: 'unwritten',
    write: false,
    metafile: true,
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
    // `require()` of a module that waits at its top level throws, so esbuild is told that nobody can do it.
    supported: { 'top-level-await': false },
  })
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports)
  return imports.filter(({ external }) => external).map(({ path }) => path)
}

async function bleedsOf(entry: string): Promise<string[]> {
  try {
    const found = await importsOf(entry)
    const stranger = found.filter((name) => !(allowed[entry] ?? nothing).test(name))
    return [...new Set(stranger)].map((name) => `${entry}: imports ${name}`)
  } catch (error) {
    return [`${entry}: ${(error as Error).message}`]
  }
}

const { exports, bin } = JSON.parse(
  readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'),
) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  readonly bin: Readonly<Record<string, string>>
}
const files = Object.values(exports).map((target) => (typeof target === 'string' ? target : target.default))
const entries = [...files, ...Object.values(bin)]
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.slice('./dist/'.length, -'.js'.length))

const bleeds = (await Promise.all(entries.map(bleedsOf))).flat()
console.log(bleeds.length === 0 ? `${entries.length} entries, no bleed` : bleeds.join('\n'))
process.exitCode = bleeds.length === 0 && entries.length > 0 ? 0 : 1
