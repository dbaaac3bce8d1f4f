import { describe, expect, it } from 'vitest'
import { messagesFrom, openDoor, URL_OF_DOOR, whatsAppProvider } from '../../test/support/door.ts'
import type { EachResult } from '../core/updates.ts'
import { createDedup } from '../dedup/index.ts'
import { createWebhook } from './index.ts'

const REFUSED = [401, { success: false, error: 'refused' }]
const answerOf = async (answer: Response): Promise<[number, unknown]> => [answer.status, await answer.json()]

/** What a provider of the user's own may say, though the types forbid it. */
const WORDS = ['stale_timestamp', true, false, null, 0, {}, [], 'constructor', '__proto__', 'toString', '']

describe('a provider that says a word of its own', () => {
  it.each(WORDS)('of a delivery, %j, has it refused: no handler runs', async (word) => {
    const { post, handled, facts } = openDoor({ provider: { ...whatsAppProvider(), verify: () => word as never } })
    expect(await answerOf(await post(messagesFrom('2507')))).toEqual(REFUSED)
    expect(handled).toEqual([])
    expect(facts).toMatchObject([{ name: 'webhook.rejected', of: 'whatsapp' }])
  })

  it('has it told, if it is a word that may be told', async () => {
    const reasonOf = async (word: unknown): Promise<unknown> => {
      const { post, facts } = openDoor({ provider: { ...whatsAppProvider(), verify: async () => word as never } })
      await post(messagesFrom('2507'))
      return facts[0]?.reason
    }
    expect(await reasonOf('stale_timestamp')).toBe('stale_timestamp')
    expect(await reasonOf('the key is 250788000001')).toBe('refused')
    expect(await reasonOf(true)).toBe('refused')
  })

  it.each(WORDS.filter((word) => word !== null && typeof word !== 'object').concat({}))(
    'of a handshake, %j, has it refused',
    async (word) => {
      const { webhook } = openDoor({ provider: { ...whatsAppProvider(), handshake: () => word as never } })
      expect(await answerOf(await webhook(new Request(URL_OF_DOOR)))).toEqual(REFUSED)
    },
  )

  it('before the body is read, has it refused', async () => {
    const { post, handled } = openDoor({ provider: { ...whatsAppProvider(), precheck: () => 'nope' as never } })
    expect(await answerOf(await post(messagesFrom('2507')))).toEqual(REFUSED)
    expect(handled).toEqual([])
  })

  it.each([[], { updates: 'all' }, { updates: [] }, { updates: [{ kind: 'a', group: 'b' }], unkeyed: [] }, 7])(
    'of what is in a delivery, %j, fails the delivery',
    async (delivery) => {
      const told: unknown[] = []
      const { post, handled } = openDoor({
        provider: { ...whatsAppProvider(), split: () => delivery as never },
        onError: (error, { kind }) => void told.push([(error as Error).message, kind]),
      })
      expect((await post(messagesFrom('2507'))).status).toBe(500)
      expect(handled).toEqual([])
      expect(told).toEqual([[expect.stringMatching(/^split must give/), 'delivery']])
    },
  )
})

it.each(['finished', undefined, 'constructor'])('a dedup that ends an update as %j has it fail', async (status) => {
  const results = [{ key: 'k', status }] as unknown as EachResult<never>[]
  const { post } = openDoor({ dedup: { retentionMs: Infinity, each: () => Promise.resolve(results) } })
  expect((await post(messagesFrom('2507'))).status).toBe(500)
})

describe('an unsigned delivery', () => {
  it('is refused before its body is read', async () => {
    let read = 0
    let cancelled = false
    const source = { pull: () => void (read += 1), cancel: () => void (cancelled = true) }
    const body = new ReadableStream(source, { highWaterMark: 0 })
    const { webhook } = openDoor()
    const answer = await webhook(new Request(URL_OF_DOOR, { method: 'POST', body, duplex: 'half' } as RequestInit))
    expect(await answerOf(answer)).toEqual([401, { success: false, error: 'missing_signature' }])
    expect([read, cancelled]).toEqual([0, true])
  })

  it('that stops in the middle, and was let in by its header, is cancelled when it is given up', async () => {
    let cancelled = false
    const body = new ReadableStream({
      start: (its) => its.enqueue(new Uint8Array(1_000_000)),
      pull: () => new Promise(() => undefined),
      cancel: () => void (cancelled = true),
    })
    const { webhook, clock } = openDoor()
    const headers = { 'x-hub-signature-256': 'sha256=0' }
    const answering = webhook(
      new Request(URL_OF_DOOR, { method: 'POST', headers, body, duplex: 'half' } as RequestInit),
    )
    await clock.tick(30_000)
    expect((await answering).status).toBe(400)
    expect(cancelled).toBe(true)
  })
})

describe('two doors with one dedup', () => {
  it('do not take each other’s updates for duplicates, and hand on the keys that the dedup knows', async () => {
    const dedup = createDedup({ retentionMs: 8 * 86_400_000 })
    const bot = openDoor({ name: 'bot', dedup })
    const other = openDoor({ name: 'other-bot', dedup })
    const keys: unknown[] = []
    const named = openDoor({
      name: 'third',
      dedup,
      handle(update, { key }) {
        keys.push([update.key, key])
        throw Object.assign(new Error('poison'), { code: 'ERR_PERF_NON_RETRYABLE' })
      },
      park: (update, _, { key }) => void keys.push([update.key, key]),
    })
    const body = messagesFrom('2507')
    for (const door of [bot, other, named])
      expect(await answerOf(await door.post(body))).toEqual([200, { success: true }])
    for (const door of [bot, other, named])
      expect(await answerOf(await door.post(body))).toEqual([200, { success: true, duplicate: true }])
    expect(keys).toEqual([
      ['third:m:w0', 'third:m:w0'],
      ['third:m:w0', 'third:m:w0'],
    ])
    expect(dedup.seen('bot:m:w0')).toBe(true)
  })

  it('have a name without a colon, that of their provider unless they are given one', () => {
    const provider = { ...whatsAppProvider(), name: 'a:b' }
    const make = (options: object) => () =>
      createWebhook({ provider, dedup: createDedup(), handle: () => 1, ...options })
    expect(make({})).toThrow('name must not hold a colon')
    expect(make({ name: '' })).toThrow('name must be a string that is not empty')
    expect(make({ name: 'a' })).not.toThrow()
  })
})

it('a store, a client or an option of the wrong kind is refused with what to write instead', async () => {
  const make = (options: object) => () =>
    createWebhook({ provider: whatsAppProvider(), dedup: createDedup(), handle: () => 1, ...options })
  const { memoryDedupStore } = await import('../dedup/index.ts')
  expect(make({ dedup: memoryDedupStore() })).toThrow('write createDedup({ name, store })')
  expect(make({ dedup: createDedup })).toThrow('dedup is createDedup itself: call it')
  expect(make({ dedup: {} })).toThrow('as one of createDedup({ name, store }) has')
  expect(make({ maxConcurrency: 0 })).toThrow('maxConcurrency must be a whole number of at least 1, not 0')
  expect(make({ maxInFlightBytes: -1 })).toThrow('maxInFlightBytes')
  expect(make({ maxInFlightUpdates: 1.5 })).toThrow('maxInFlightUpdates')
  expect(make({ handleTimeoutMs: 0 })).toThrow('handleTimeoutMs')
  expect(make({ afterFailure: 'wait' })).toThrow('afterFailure must be one of continue, stop')
  expect(make({ onError: 'log' })).toThrow('onError must be a function')
  expect(make({ handleTimeoutMs: Infinity })).not.toThrow()
})
