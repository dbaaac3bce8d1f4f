import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const words = async (path: string, pattern: RegExp): Promise<string[]> => {
  const found = (await readFile(path, 'utf8')).matchAll(pattern)
  return [...new Set([...found].map(([, word = '']) => word))].sort()
}

it('documents every error code, and no other', async () => {
  const codes = await words('src/core/errors.ts', /^ {2}\| '(ERR_PERF_\w+)'/gm)
  expect(codes.length).toBeGreaterThan(5)
  expect(await words('docs/reference.md', /^\| `(ERR_PERF_\w+)`/gm)).toEqual(codes)
})

it('documents every fact, and no other', async () => {
  const facts = await words('src/core/fact.ts', /^ {2}\| '([a-z]+\.\w+)'/gm)
  expect(facts.length).toBeGreaterThan(20)
  expect(await words('docs/reference.md', /^\| `([a-z]+\.\w+)`/gm)).toEqual(facts)
})
