/** The shipped declarations, compiled as strict consumers do who have no Node types, or no DOM. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './npm.ts'
import { root, subpaths, type Packed } from './packed.ts'
import { tryCase, type CaseResult } from './report.ts'

const consumers: Readonly<Record<string, object>> = {
  'in a browser or a Worker: lib DOM, no ambient types': { lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: [] },
  'in Node: lib ES2022 and @types/node, no DOM': {
    lib: ['ES2022'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  },
  'with a bundler and exact optional properties': {
    lib: ['ES2022', 'DOM', 'DOM.Iterable'],
    types: [],
    module: 'esnext',
    moduleResolution: 'bundler',
    exactOptionalPropertyTypes: true,
  },
}

export async function typesCases({ project }: Packed): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  for (const [name, options] of Object.entries(consumers))
    results.push(await tryCase(name, () => compile(join(project, `types-${results.length}`), options)))
  return results
}

function compile(folder: string, options: object): void {
  mkdirSync(folder)
  cpSync(fileURLToPath(new URL('./consumer.test-d.ts', import.meta.url)), join(folder, 'consumer.ts'))
  const imports = subpaths.map((path, index) => `export * as entry${index} from '${path}'\n`)
  writeFileSync(join(folder, 'every-entry.ts'), imports.join(''))
  const compilerOptions = {
    strict: true,
    module: 'nodenext',
    target: 'es2022',
    noEmit: true,
    skipLibCheck: false,
    ...options,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], folder)
}
