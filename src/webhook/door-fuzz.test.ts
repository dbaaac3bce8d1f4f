import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { APP_SECRET, DONE, DUPLICATE, FAILED, keyOf, posted, whatsAppProvider } from '../../test/support/door.ts'
import { oddBodies } from '../../test/support/odd-deliveries.ts'
import { isHashed, thingsOf } from '../../test/support/plain-whatsapp.ts'
import { createDedup } from '../dedup/index.ts'
import { createWebhook } from './index.ts'

type Headers = (body: Uint8Array) => string | undefined

const hmac = (body: Uint8Array, secret = APP_SECRET): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

const right: Headers = (body) => hmac(body)
const wrong: readonly Headers[] = [
  () => undefined,
  (body) => hmac(body, 'another secret'),
  (body) => hmac(new Uint8Array([...body, 32])),
  (body) => hmac(body).slice(0, -1),
  (body) => `${hmac(body)}0`,
  (body) => `${hmac(body)}, ${hmac(body)}`,
  (body) => hmac(body).slice('sha256='.length),
  (body) => hmac(body).replace('sha256', 'sha1'),
]
const headers: fc.Arbitrary<Headers> = fc.oneof(
  { weight: 15, arbitrary: fc.constant(right) },
  { weight: 1, arbitrary: fc.constant<Headers>((body) => `sha256=${hmac(body).slice(7).toUpperCase()}`) },
  { weight: 4, arbitrary: fc.constantFrom(...wrong) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'grapheme-ascii' }).map(
      (text): Headers =>
        () =>
          text,
    ),
  },
)

/** What a plain reading of the rules says of a request. */
interface Prediction {
  readonly status: 200 | 400 | 401
  /** The keys of all updates that have ids of their own. */
  readonly keys: ReadonlySet<string>
  /** Everything that stands in the delivery, with or without a key. */
  readonly things: number
}

function predict(body: Uint8Array, header: string | undefined): Prediction {
  const keys = new Set<string>()
  const nothing = { keys, things: 0 }
  const [, hex] = /^sha256=([0-9a-fA-F]{64})$/.exec(header?.trim() ?? '') ?? []
  if (`sha256=${hex?.toLowerCase()}` !== hmac(body)) return { status: 401, ...nothing }
  let parsed: unknown
  try {
    parsed = JSON.parse(
      Buffer.from(body)
        .toString('utf8')
        .replace(/^\ufeff/, ''),
    )
  } catch {
    return { status: 400, ...nothing }
  }
  const things = thingsOf(parsed)
  if (things === undefined) return { status: 400, ...nothing }
  for (const { key } of things) if (key !== undefined) keys.add(key)
  return { status: 200, keys, things: things.length }
}

/** Some updates fail when they are run for the first time. */
const failsFirst = (key: string): boolean => key.startsWith('m:') && key.length % 3 === 0

it('answers any body, signed in any way, as the rules say, and handles every update of it exactly once', async () => {
  const seen = { 200: 0, 400: 0, 401: 0, 500: 0 }
  const provider = whatsAppProvider()

  await fc.assert(
    fc.asyncProperty(oddBodies, headers, async (body, headerOf) => {
      const header = headerOf(body)
      const { status, keys, things } = predict(body, header)
      const tries = new Map<string, number>()
      let told = 0
      const webhook = createWebhook({
        provider,
        dedup: createDedup(),
        handle(update) {
          const key = keyOf(update)
          const before = tries.get(key) ?? 0
          tries.set(key, before + 1)
          if (before === 0 && failsFirst(key)) throw new Error('the first time')
        },
        onUnkeyed: () => void (told += 1),
      })
      const send = async (): Promise<[number, unknown]> => {
        const answer = await webhook(posted(body, header))
        return [answer.status, await answer.json()]
      }

      const first = await send()
      const failed = [...keys].some(failsFirst)
      seen[status === 200 && failed ? 500 : status] += 1
      if (status !== 200) {
        expect(first).toEqual([status, { success: false, error: expect.any(String) }])
        expect(webhook.stats()).toEqual({
          deliveries: 0,
          updates: 0,
          unkeyed: 0,
          failed: 0,
          rejected: 1,
          shed: 0,
          late: 0,
        })
        expect([tries.size, told]).toEqual([0, 0])
        return
      }
      expect(first).toEqual(failed ? [500, FAILED] : [200, DONE])
      // The provider resends what failed, and sometimes what did not.
      const { updates, unkeyed } = webhook.stats()
      expect(updates + unkeyed).toBe(things)
      expect(await send()).toEqual([200, failed || updates === 0 ? DONE : DUPLICATE])
      expect(told).toBe(2 * unkeyed)
      // Keys that are hashes are taken as they come; each of them, too, ran once.
      expect([...tries.keys()].filter((key) => !isHashed(key)).sort()).toEqual([...keys].sort())
      for (const [key, times] of tries) if (times !== (failsFirst(key) ? 2 : 1)) expect.fail(`ran ${times} times`)
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 2_500) },
  )
  // Were one of these never met, the fuzz would prove little.
  for (const [status, count] of Object.entries(seen)) expect(count, status).toBeGreaterThan(100)
}, 180_000)
