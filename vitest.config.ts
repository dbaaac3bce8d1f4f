import { defineConfig } from 'vitest/config'

const alias = [
  { find: /^@easymo\/perf$/, replacement: new URL('src/index.ts', import.meta.url).pathname },
  { find: /^@easymo\/perf\/(\w+)$/, replacement: new URL('src/$1/index.ts', import.meta.url).pathname },
]

/** Rooms whose own tests talk to a server; the tests of the others run without starting one. */
const withServers = [
  'src/{redis,pg,supabase,query,easymo}/**/*.test.ts',
  'test/{conformance,integration,faults}/**/*.test.ts',
]

/** Only what hangs may meet them: a machine under load takes many times as long as a quiet one. */
const common = { testTimeout: 120_000, hookTimeout: 120_000 }

export default defineConfig({
  resolve: { alias },
  test: {
    dangerouslyIgnoreUnhandledErrors: false,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.test.ts', 'src/**/*.test-d.ts', 'src/**/index.ts'],
      reporter: ['text-summary', 'json-summary'],
      thresholds: { lines: 90 },
    },
    projects: [
      {
        extends: true,
        test: { ...common, name: 'rooms', include: ['src/**/*.test.ts'], exclude: withServers },
      },
      {
        extends: true,
        test: { ...common, name: 'servers', include: withServers, globalSetup: ['test/servers/global-setup.ts'] },
      },
    ],
  },
})
