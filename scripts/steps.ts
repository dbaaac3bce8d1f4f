/** One habit of the house: shell commands that all have to succeed. */
export interface Step {
  readonly name: string
  readonly commands: readonly string[]
  /** Looks at `dist`, which is built first when it is not there. */
  readonly built?: true
}

/** Cheap ones first, so that a slip is told within seconds. */
export const steps: readonly Step[] = [
  { name: 'format', commands: ['prettier --check .'] },
  { name: 'lint', commands: ['eslint .'] },
  { name: 'types', commands: ['tsc -p tsconfig.json', 'tsc -p tsconfig.src.json'] },
  { name: 'corridors', commands: ['depcruise --config .dependency-cruiser.mjs src'] },
  { name: 'docs', commands: ['typedoc --emit none'] },
  { name: 'test', commands: ['vitest run --coverage'] },
  // Before the build: it builds what it needs, without the types.
  { name: 'demo', commands: ['npm run demo'] },
  { name: 'build', commands: ['tsup'] },
  { name: 'bleed', commands: ['tsx scripts/bleed.ts'], built: true },
  { name: 'size', commands: ['size-limit'], built: true },
  { name: 'tools', commands: ['tsx test/runtimes/install.ts'] },
  { name: 'package', commands: ['tsx scripts/package.ts'], built: true },
  { name: 'readme', commands: ['tsx scripts/readme.ts'], built: true },
  { name: 'unused', commands: ['test/runtimes/node_modules/.bin/knip'] },
  { name: 'runtimes', commands: ['tsx test/runtimes/run.ts'], built: true },
]
