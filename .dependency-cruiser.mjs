// The corridors: who may import whom. Rooms do not import each other, so that each can be used, tested or removed alone.

const rooms = 'cache|dedup|metrics|pool|query|lazy|warmup|http|webhook|redis|pg|supabase|testing'
const packages = ['npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-unknown', 'npm-no-pkg', 'unknown']
// Unit tests and type tests may look anywhere.
const tests = '\\.test(-d)?\\.ts$'

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: { pathNot: tests },
      to: { circular: true },
    },
    {
      name: 'core-imports-nothing',
      severity: 'error',
      from: { path: '^src/core/', pathNot: tests },
      to: { pathNot: '^src/core/' },
    },
    {
      name: 'rooms-import-core-only',
      severity: 'error',
      from: { path: `^src/(${rooms}|schemas)/`, pathNot: tests },
      to: { path: '^src/', pathNot: '^src/(core|$1)/' },
    },
    {
      name: 'index-imports-entries-only',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { pathNot: '^src/(core/[^/]+|[^/]+/index)\\.ts$' },
    },
    {
      name: 'compositions-import-entries-only',
      comment: 'What a room does not export is private, also for the preset and the command line.',
      severity: 'error',
      from: { path: '^src/(easymo|cli)/', pathNot: tests },
      to: { path: '^src/', pathNot: '^src/($1/|core/|[^/]+/index\\.ts$)' },
    },
    {
      name: 'nobody-imports-the-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/cli/|${tests}` },
      to: { path: '^src/cli/' },
    },
    {
      name: 'nobody-imports-the-preset',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(easymo/|cli/|index\\.ts$)|${tests}` },
      to: { path: '^src/easymo/' },
    },
    {
      name: 'src-stands-alone',
      comment: 'What ships does not import tests, scripts, examples or benchmarks.',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { path: `^(test|scripts|examples|bench)/|${tests}` },
    },
    {
      name: 'packages-where-they-belong',
      comment: 'lru-cache in cache, zod in schemas; drivers nowhere, not even their types.',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { dependencyTypes: packages, pathNot: 'node_modules/(lru-cache|zod)/|^(lru-cache|zod/mini)$' },
    },
    {
      name: 'lru-cache-in-cache-only',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/cache/|${tests}` },
      to: { path: 'lru-cache' },
    },
    {
      name: 'zod-in-schemas-only',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/schemas/|${tests}` },
      to: { path: '(^|/)zod(/|$)' },
    },
    {
      name: 'zod-mini-only',
      comment: 'The whole of zod is seventeen times as large as zod/mini.',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { path: '(^|/)zod(/|$)', pathNot: '(^|/)zod/(v4/)?mini(/|$)' },
    },
    {
      name: 'node-in-cli-only',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/cli/|${tests}` },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Types count: a type that crosses a corridor ties two rooms together as a value does.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}
