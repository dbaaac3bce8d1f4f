import { readdirSync, readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { Plugin } from 'esbuild'
import { defineConfig } from 'tsup'

const src = new URL('src', import.meta.url).pathname
const rooms = readdirSync(src, { withFileTypes: true })
  .filter((item) => item.isDirectory() && item.name !== 'core')
  .map((item) => item.name)

/**
 * The hall and the rooms that the root exports stand in one file, so that importing the root loads three files (it, this
 * one and the cache with its dependency) and every class exists once. Bundlers take out of it what they need.
 */
const together = ['core', 'dedup', 'metrics', 'pool', 'query']
const SHARED = 'shared'

const roomOf = (path: string): string | undefined => /^(\w+)\//.exec(relative(src, path))?.[1]
const isEntry = (path: string): boolean => /^(\w+\/)?index\.ts$/.test(relative(src, path))

/** One file per room: what a room imports from another one is left to that room's own file. */
const oneFilePerRoom: Plugin = {
  name: 'one-file-per-room',
  setup(build) {
    build.onResolve({ filter: /^shared$/ }, () => ({ path: SHARED, namespace: SHARED }))
    build.onLoad({ filter: /.*/, namespace: SHARED }, () => ({ contents: sharedSource(), resolveDir: src }))
    build.onResolve({ filter: /^\.\.?\// }, (args) => {
      if (args.kind === 'entry-point' || args.namespace === SHARED) return undefined
      const [from, to] = [roomOf(args.importer), roomOf(resolve(args.resolveDir, args.path))]
      if (to === undefined) return undefined
      const inShared = from !== undefined && together.includes(from) && !isEntry(args.importer)
      if (together.includes(to)) return inShared ? undefined : { path: `./${SHARED}.js`, external: true }
      return from === to ? undefined : { path: `./${to}.js`, external: true }
    })
  },
}

/** Everything that the rooms of the shared file export to each other and to the rest. */
function sharedSource(): string {
  const files = together.flatMap((room) =>
    readdirSync(`${src}/${room}`)
      .filter((file) => file.endsWith('.ts') && !/^index\.ts$|\.test(-d)?\.ts$/.test(file))
      .map((file) => `./${room}/${file}`),
  )
  refuseNamesakes(files)
  return files.map((file) => `export * from '${file}'`).join('\n')
}

/** A name that two modules export is dropped by `export *`, without a word. */
function refuseNamesakes(files: readonly string[]): void {
  const homes = new Map<string, string>()
  for (const file of files)
    for (const [, name = ''] of readFileSync(`${src}/${file}`, 'utf8').matchAll(DECLARATION)) {
      // A function with overloads is declared several times in one file.
      if ((homes.get(name) ?? file) !== file) throw new Error(`${homes.get(name)} and ${file} both export ${name}`)
      homes.set(name, file)
    }
}

const DECLARATION = /^export (?:async )?(?:const|function|class) (\w+)/gm

const entries = { index: 'src/index.ts', ...Object.fromEntries(rooms.map((room) => [room, `src/${room}/index.ts`])) }

export default defineConfig(({ watch, dts }) => ({
  entry: entries,
  format: 'esm',
  // ES2022 is what the oldest supported runtime runs without helpers.
  target: 'es2022',
  platform: 'neutral',
  external: [/^node:/, 'lru-cache', 'zod', 'zod/mini'],
  splitting: true,
  removeNodeProtocol: false,
  clean: !watch,
  // Its `Symbol.asyncDispose` is not in the lib that most consumers name.
  dts: dts ?? { banner: '/// <reference lib="esnext.disposable" />' },
  esbuildPlugins: [oneFilePerRoom],
  esbuildOptions(options) {
    options.entryPoints = { ...entries, [SHARED]: SHARED }
  },
}))
