import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import * as classic from 'zod'
import { easymoEnv, parseEnv } from './index.ts'

const complete = {
  SUPABASE_URL: 'https://example.supabase.co',
  SUPABASE_SERVICE_ROLE_KEY: 'key-1',
  WA_VERIFY_TOKEN: 'token-1',
  WHATSAPP_APP_SECRET: 'secret-1',
}

function messageOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_PERF_OPTION' })
    return (error as Error).message
  }
  throw new Error('it must be refused')
}

describe('parseEnv', () => {
  it('gives text as text and numbers as numbers, and leaves out what is absent', () => {
    const env = { ...complete, CACHE_TTL_PROFILE: '300000', POOL_MAX_CLIENTS: '0', HOME: '/root' }
    expect(parseEnv(easymoEnv, env)).toEqual({ ...complete, CACHE_TTL_PROFILE: 300_000, POOL_MAX_CLIENTS: 0 })
  })

  it('asks a function for the names that the schema knows, and for no others', () => {
    const asked: string[] = []
    parseEnv(easymoEnv, (name) => {
      asked.push(name)
      return (complete as Record<string, string>)[name]
    })
    expect(asked).toHaveLength(13)
    expect(asked).toEqual(Object.keys(easymoEnv.shape))
  })

  it('names every variable that is missing or wrong', () => {
    const message = messageOf(() =>
      parseEnv(easymoEnv, {
        ...complete,
        SUPABASE_URL: 'db.local',
        WA_VERIFY_TOKEN: undefined,
        POOL_MAX_CLIENTS: 'ten',
      }),
    )
    expect(message).toBe(
      'environment: SUPABASE_URL must be a url; WA_VERIFY_TOKEN is missing; POOL_MAX_CLIENTS must be a whole number',
    )
  })

  it('takes an empty variable for a missing one', () => {
    const message = messageOf(() => parseEnv(easymoEnv, { ...complete, WHATSAPP_APP_SECRET: '' }))
    expect(message).toBe('environment: WHATSAPP_APP_SECRET is missing')
    expect(parseEnv(easymoEnv, { ...complete, METRICS_TOKEN: '', CACHE_TTL_STATE: '' })).toEqual(complete)
  })

  it.each(['-1', '1.5', '1e3', '5s', ' 5', '0x10', 'NaN', '9'.repeat(16)])('takes %j for no number', (text) => {
    expect(messageOf(() => parseEnv(easymoEnv, { ...complete, POOL_IDLE_TIMEOUT: text }))).toContain(
      'POOL_IDLE_TIMEOUT must be a whole number',
    )
  })

  it('never repeats a value, not even when the schema does', () => {
    const schema = z.object({
      A_SECRET: z
        .string({ error: ({ input }) => `${String(input)} is bad` })
        .check(z.refine(() => false, { error: ({ input }) => `${String(input)} is worse` })),
      A_NUMBER: z.number(),
    })
    const message = messageOf(() => parseEnv(schema, { A_SECRET: 'hunter2', A_NUMBER: 'hunter3' }))
    expect(message).toBe('environment: A_SECRET is not valid; A_NUMBER is not valid')
  })

  it('names the words that a choice allows', () => {
    const schema = z.object({ LOG: z.enum(['quiet', 'loud']) })
    expect(messageOf(() => parseEnv(schema, { LOG: 'deafening' }))).toBe('environment: LOG must be one of quiet, loud')
  })

  it('takes a schema of the whole zod too', () => {
    const schema = classic.object({ PORT: classic.coerce.number() })
    expect(parseEnv(schema, { PORT: '8080' })).toEqual({ PORT: 8080 })
  })
})

describe('easymoEnv', () => {
  it('can be extended with the variables of one service', () => {
    const schema = z.extend(easymoEnv, { DATABASE_URL: z.url() })
    expect(messageOf(() => parseEnv(schema, complete))).toBe('environment: DATABASE_URL is missing')
  })

  it('refuses an empty secret also without `parseEnv`', () => {
    expect(z.safeParse(easymoEnv, { ...complete, WHATSAPP_APP_SECRET: '' }).success).toBe(false)
  })
})
