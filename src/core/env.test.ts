import { afterEach, expect, it, vi } from 'vitest'
import { variables } from './env.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
})

it('reads the environment of the process when it is asked, not before', () => {
  const find = variables()
  expect(find('EASYMO_SOMETHING')).toBeUndefined()
  vi.stubEnv('EASYMO_SOMETHING', 'set later')
  expect(find('EASYMO_SOMETHING')).toBe('set later')
})

it('asks only what it was given, a function or an object', () => {
  vi.stubEnv('EASYMO_SOMETHING', 'of the process')
  expect(variables({})('EASYMO_SOMETHING')).toBeUndefined()
  expect(variables({ EASYMO_SOMETHING: 'bound' })('EASYMO_SOMETHING')).toBe('bound')
  expect(variables((name: string) => `asked for ${name}`)('EASYMO_SOMETHING')).toBe('asked for EASYMO_SOMETHING')
})

it('takes an empty variable, and what is no text, for one that is not set', () => {
  const find = variables({ EMPTY: '', KV: { get: () => 'a binding of a Worker' } })
  expect([find('EMPTY'), find('KV'), find('MISSING')]).toEqual([undefined, undefined, undefined])
})

it('asks Deno where there is one, and lives with its refusal', () => {
  vi.stubGlobal('Deno', { env: { get: (name: string) => `Deno's ${name}` } })
  expect(variables()('HOME')).toBe("Deno's HOME")
  const refuse = (): never => {
    throw new Error('Requires env access')
  }
  vi.stubGlobal('Deno', { env: { get: refuse } })
  expect(variables()('HOME')).toBeUndefined()
})
