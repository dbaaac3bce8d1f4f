import { describe, expect, it, vi } from 'vitest'
import {
  APP_SECRET,
  DONE,
  FAILED,
  keyOf,
  messagesFrom,
  openDoor,
  signed,
  whatsAppProvider,
} from '../../test/support/door.ts'
import { isPerfError } from '../core/errors.ts'
import { createDedup } from '../dedup/index.ts'
import { createWebhook, whatsapp } from './index.ts'

const BODY = messagesFrom('2507')

/** The option that an OptionError complains of; fails when nothing is thrown, or something else. */
function complaintOf(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    if (isPerfError(error) && error.code === 'ERR_PERF_OPTION') return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

describe('the options of a door', () => {
  const right = { provider: whatsAppProvider(), dedup: createDedup(), handle: () => undefined }
  const complaint = (changed: object): string => complaintOf(() => createWebhook({ ...right, ...changed }))

  it('are refused when they are of the wrong type, each by its name', () => {
    const provider = whatsAppProvider()
    const wrong: Record<string, readonly unknown[]> = {
      provider: [
        undefined,
        null,
        'whatsapp',
        {},
        whatsapp,
        { ...provider, verify: undefined },
        { ...provider, split: 1 },
      ],
      dedup: [undefined, null, 'redis', {}, new Map()],
      handle: [undefined, null, 'handle', {}, 1],
      park: [null, 'park', {}, 1],
      onUnkeyed: [null, 'onUnkeyed', {}, true],
      concurrency: [null, '8', 0, -1, 1.5, NaN, Infinity],
      maxAttempts: [null, '10', 0, -1, 1.5, NaN, Infinity],
      answerWithinMs: [null, '5s', 0, -1, NaN, Infinity],
      host: [null, 'host', {}, { observe: () => undefined }],
    }
    for (const [name, values] of Object.entries(wrong))
      for (const value of values) expect(complaint({ [name]: value }), name).toContain(`${name} must`)
  })

  it('are refused when the provider has no limits', () => {
    const provider = whatsAppProvider()
    for (const maxBodyBytes of [undefined, NaN, '3mb', 0])
      expect(complaint({ provider: { ...provider, maxBodyBytes } })).toContain('provider.maxBodyBytes must')
    expect(complaint({ provider: { ...provider, answerWithinMs: undefined } })).toContain('answerWithinMs must')
  })

  it('are refused under a name that nobody knows, and when there are none', () => {
    expect(complaint({ timeoutMs: 1 })).toContain('unknown option "timeoutMs"')
    expect(complaint({ Handle: () => undefined })).toContain('unknown option "Handle"')
    for (const none of [undefined, null, 'options'])
      expect(complaintOf(() => createWebhook(none as never))).toContain('options must be an object')
  })

  it('are not changed, and need not be ours to change', () => {
    const options = Object.freeze({ ...right })
    expect(typeof createWebhook(options)).toBe('function')
  })
})

describe('the options of the provider', () => {
  const complaint = (changed: object): string =>
    complaintOf(() => whatsapp({ appSecret: 'secret', verifyToken: 'token', ...changed }))

  it('are refused without a secret, before a request was seen', () => {
    for (const name of ['appSecret', 'verifyToken'])
      for (const value of [undefined, null, '', 7, {}, [], [''], ['secret', ''], ['secret', undefined], [7]])
        expect(complaint({ [name]: value })).toContain(`${name} must`)
  })

  it('are refused under a name that nobody knows, and when there are none', () => {
    expect(complaint({ secret: 'x' })).toContain('unknown option "secret"')
    for (const none of [undefined, null, 'secret'])
      expect(complaintOf(() => whatsapp(none as never))).toContain('options must be an object')
  })

  it('are never shown', () => {
    expect(complaint({ appSecret: ['very secret', 7] })).not.toContain('very secret')
  })
})

describe('making a door', () => {
  it('reads no clock, no random value, no environment and no secret', () => {
    const touched = vi.fn(() => 'x')
    const host = {
      clock: openDoor().clock,
      observe: touched,
      randomId: touched,
      track: touched,
      drain: async () => 0,
      draining: false,
    }
    const clock = vi.spyOn(host.clock, 'now')
    const provider = whatsapp({ appSecret: touched, verifyToken: touched })
    createWebhook({ provider, dedup: touched as never, handle: touched, host })
    expect(touched).not.toHaveBeenCalled()
    expect(clock).not.toHaveBeenCalled()
  })
})

describe('the further arguments of the fetch handler', () => {
  const env = { APP_SECRET, name: 'env' }
  const ctx = { waitUntil: () => undefined }

  it('reach the secrets, the dedup, the handler, onUnkeyed and the handshake untouched', async () => {
    const given: Record<string, readonly unknown[]> = {}
    const took =
      <T>(name: string, value: T) =>
      (...args: readonly unknown[]): T => {
        given[name] = args
        return value
      }
    const { webhook } = openDoor({
      provider: whatsapp({ appSecret: took('secret', APP_SECRET), verifyToken: took('token', 'token') }),
      dedup: took('dedup', createDedup()),
      handle: (_, { args }) => void (given['handle'] = args),
      onUnkeyed: (_, { args }) => void (given['onUnkeyed'] = args),
    })
    await webhook(await signed(BODY), env, ctx)
    await webhook(await signed('{"entry":[null]}'), env, ctx)
    await webhook(new Request('https://example.test/?hub.mode=subscribe&hub.verify_token=x'), env, ctx)
    expect(Object.keys(given).sort()).toEqual(['dedup', 'handle', 'onUnkeyed', 'secret', 'token'])
    for (const args of Object.values(given)) {
      expect(args).toHaveLength(2)
      expect(args[0]).toBe(env)
      expect(args[1]).toBe(ctx)
    }
  })
})

describe('what a handler is told', () => {
  it('is the update, the attempt, the token, a signal and the arguments, also when taken apart', async () => {
    const told: unknown[] = []
    let broken = true
    const { post } = openDoor({
      handle(update, { attempt, token, signal, args, waitUntil }) {
        told.push([keyOf(update), attempt, typeof token, signal.aborted, args, typeof waitUntil])
        if (broken) throw new Error('db down')
      },
    })
    await post(BODY, 'env')
    broken = false
    await post(BODY, 'env')
    expect(told).toEqual([
      ['m:w0', 1, 'string', false, ['env'], 'function'],
      ['m:w0', 2, 'string', false, ['env'], 'function'],
    ])
  })
})

describe('a dedup that is made of the environment', () => {
  it('is asked for at every delivery, and not for a delivery without updates or a forged one', async () => {
    const dedups = { a: createDedup(), b: createDedup() }
    const asked: unknown[] = []
    const { post, webhook, handled } = openDoor({
      dedup(name) {
        asked.push(name)
        return dedups[name as 'a' | 'b']
      },
    })
    for (const name of ['a', 'b', 'a']) expect((await post(BODY, name)).status).toBe(200)
    await post('{"entry":[]}', 'a')
    await webhook(await signed(BODY, 'forged'), 'a')
    expect(asked).toEqual(['a', 'b', 'a'])
    expect(handled).toEqual(['m:w0', 'm:w0'])
  })

  it('fails the delivery when it cannot be made', async () => {
    for (const dedup of [() => undefined, () => ({}), () => Promise.resolve(createDedup()), () => JSON.parse('{')]) {
      const { post, handled, facts } = openDoor({ dedup: dedup as never })
      const answer = await post(BODY)
      expect([answer.status, await answer.json()]).toEqual([500, FAILED])
      expect(handled).toEqual([])
      expect(facts).toContainEqual(expect.objectContaining({ name: 'webhook.failed', of: 'whatsapp', reason: 'store' }))
    }
  })
})

describe('a dedup that forgets sooner than the provider resends', () => {
  it('is told once', async () => {
    const { post, facts } = openDoor({ dedup: createDedup() })
    for (let time = 1; time <= 3; time += 1) expect(await (await post(BODY)).json()).toMatchObject(DONE)
    expect(facts).toEqual([{ name: 'webhook.short_retention', of: 'whatsapp', durationMs: 30_000 }])
  })

  it('is not told of one that remembers long enough', async () => {
    const { post, facts } = openDoor()
    await post(BODY)
    expect(facts).toEqual([])
  })
})
