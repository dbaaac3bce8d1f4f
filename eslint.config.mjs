// @ts-check
import tseslint from 'typescript-eslint'

const CLOCK = 'time comes from the clock of the host; src/core/clock.ts is the one file that names the platform’s'
const timeSources = ['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate']

/** `node:` and a wait at the top level of a module: neither runs everywhere, and `require()` refuses the second. */
const notEverywhere = [
  { selector: 'AwaitExpression:not(:function AwaitExpression)', message: 'no top-level await' },
  { selector: 'ForOfStatement[await=true]:not(:function ForOfStatement)', message: 'no top-level await' },
]
const noDefaultExport = { selector: 'ExportDefaultDeclaration', message: 'named exports only' }
const nodeModules = { group: ['node:*'], message: 'Node’s modules are looked up when they are used, never imported' }

/** @type {import('eslint').Linter.RulesRecord} */
const everywhere = {
  eqeqeq: 'error',
  // Each default of a destructuring counts as a branch.
  complexity: ['error', 16],
  'max-depth': ['error', 3],
  'max-lines': ['error', 300],
  'no-restricted-syntax': ['error', noDefaultExport],
  '@typescript-eslint/max-params': ['error', { max: 3 }],
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
  '@typescript-eslint/consistent-type-exports': 'error',
  '@typescript-eslint/no-non-null-assertion': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
  // An aborted signal's reason and a caught error are `unknown`, and are passed on as they are.
  '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
  // A method may be async to turn what it throws into a rejection, and may await what is only sometimes a promise.
  '@typescript-eslint/require-await': 'off',
  '@typescript-eslint/await-thenable': 'off',
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
}

/**
 * Tests reach for what the rules of shipped code forbid: they wait for real servers and replace globals.
 *
 * @type {import('eslint').Linter.RulesRecord}
 */
const inTests = {
  complexity: 'off',
  'no-restricted-syntax': ['error', noDefaultExport],
  'no-restricted-globals': 'off',
  'no-restricted-properties': 'off',
  'no-restricted-imports': 'off',
  '@typescript-eslint/unbound-method': 'off',
  '@typescript-eslint/no-unsafe-argument': 'off',
  '@typescript-eslint/no-unsafe-assignment': 'off',
  '@typescript-eslint/no-unsafe-call': 'off',
  '@typescript-eslint/no-unsafe-member-access': 'off',
  '@typescript-eslint/no-unsafe-return': 'off',
}

/**
 * A type test is compiled and never run.
 *
 * @type {import('eslint').Linter.RulesRecord}
 */
const inTypeTests = {
  '@typescript-eslint/no-floating-promises': 'off',
  '@typescript-eslint/no-unused-expressions': 'off',
  '@typescript-eslint/no-unused-vars': 'off',
}

const ignored = [
  'dist/',
  'coverage/',
  'docs/',
  '.tmp/',
  'bench/results/',
  'test/runtimes/**/*.{js,mjs,cjs}',
  'test/runtimes/fixtures/',
]

export default tseslint.config(
  { ignores: ignored },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: everywhere,
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', noDefaultExport, ...notEverywhere],
      'no-restricted-globals': ['error', ...timeSources.map((name) => ({ name, message: CLOCK }))],
      'no-restricted-properties': [
        'error',
        ...timeSources.map((property) => ({ object: 'globalThis', property, message: CLOCK })),
      ],
      'no-restricted-imports': ['error', { patterns: [nodeModules] }],
    },
  },
  { files: ['src/core/clock.ts'], rules: { 'no-restricted-globals': 'off' } },
  { files: ['src/cli/**/*.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['**/*.test.ts', '**/*.test-d.ts', 'test/**/*.ts'], rules: inTests },
  { files: ['**/*.test-d.ts'], rules: inTypeTests },
  // What a tool or a platform loads by its default export.
  {
    files: ['*.config.ts', 'test/servers/global-setup.ts', 'examples/**/*.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  { files: ['**/*.{js,mjs,cjs}', '**/*.d.mts'], ...tseslint.configs.disableTypeChecked },
)
