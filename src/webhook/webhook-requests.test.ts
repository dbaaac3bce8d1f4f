import { describe, expect, it, vi } from 'vitest'
import {
  APP_SECRET,
  DONE,
  FAILED,
  messagesFrom,
  openDoor,
  posted,
  signed,
  URL_OF_DOOR,
  VERIFY_TOKEN,
  whatsAppProvider,
} from '../../test/support/door.ts'
import { StoreSetupError } from '../core/errors.ts'
import { sign } from '../testing/sign.ts'
import { createWebhook, whatsapp, type Provider, type Update } from './index.ts'

function handshake(token: string, parameters: Record<string, string> = {}): Request {
  const query = { 'hub.mode': 'subscribe', 'hub.verify_token': token, 'hub.challenge': '1158201444', ...parameters }
  return new Request(`${URL_OF_DOOR}?${new URLSearchParams(query).toString()}`)
}

describe('the handshake', () => {
  it('answers the challenge as plain text', async () => {
    const answer = await openDoor().webhook(handshake(VERIFY_TOKEN))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await answer.text()).toBe('1158201444')
  })

  it('gives a challenge that looks like a page back as text that no browser takes for one', async () => {
    const challenge = '<script>alert(1)</script>'
    const answer = await openDoor().webhook(handshake(VERIFY_TOKEN, { 'hub.challenge': challenge }))
    expect(await answer.text()).toBe(challenge)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('refuses a wrong token, none, another mode and a bare visit with 403', async () => {
    const { webhook, facts } = openDoor()
    const wrong = [
      handshake('another token'),
      handshake(''),
      handshake(VERIFY_TOKEN.slice(0, -1)),
      handshake(`${VERIFY_TOKEN} `),
      handshake(VERIFY_TOKEN, { 'hub.mode': 'unsubscribe' }),
      new Request(URL_OF_DOOR),
    ]
    for (const request of wrong) {
      const answer = await webhook(request)
      expect(answer.status).toBe(403)
      expect(await answer.text()).not.toContain('1158201444')
    }
    expect(facts).toEqual(wrong.map(() => ({ name: 'webhook.rejected', of: 'whatsapp', reason: 'wrong_verify_token' })))
  })

  it('takes each token of a rotation, and none when the environment has none', async () => {
    const withTokens = (verifyToken: unknown) => {
      const provider = whatsapp({ appSecret: APP_SECRET, verifyToken: () => verifyToken as string[] })
      return openDoor({ provider }).webhook
    }
    const rotating = withTokens(['new', undefined, 'old'])
    expect((await rotating(handshake('new'))).status).toBe(200)
    expect((await rotating(handshake('old'))).status).toBe(200)
    for (const none of [undefined, '', [], [''], null, 0])
      for (const token of ['', 'undefined', 'null', '0'])
        expect((await withTokens(none)(handshake(token))).status).toBe(403)
  })
})

describe('the signature', () => {
  const body = messagesFrom('2507')

  async function expectRejected(request: Request, reason: string, door = openDoor()): Promise<void> {
    const claim = vi.spyOn(door.dedup, 'each')
    const answer = await door.webhook(request)
    expect(answer.status).toBe(401)
    expect(await answer.json()).toEqual({ success: false, error: reason })
    expect(door.facts).toEqual([{ name: 'webhook.rejected', of: 'whatsapp', reason }])
    expect(claim).not.toHaveBeenCalled()
    expect(door.handled).toEqual([])
    expect(door.webhook.stats()).toEqual({
      deliveries: 0,
      updates: 0,
      unkeyed: 0,
      failed: 0,
      rejected: 1,
      shed: 0,
      late: 0,
    })
  }

  it('lets a delivery in', async () => {
    const { webhook, handled } = openDoor()
    const answer = await webhook(await signed(body))
    expect([answer.status, await answer.json()]).toEqual([200, DONE])
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(handled).toEqual(['m:w0'])
  })

  it('is read in either case', async () => {
    const { webhook } = openDoor()
    const [scheme, hex = ''] = (await sign(body, APP_SECRET)).split('=')
    expect((await webhook(posted(body, `${scheme}=${hex.toUpperCase()}`))).status).toBe(200)
  })

  it('must be there', () => expectRejected(posted(body), 'missing_signature'))

  it('must be of this secret', async () => expectRejected(await signed(body, 'another'), 'wrong_signature'))

  it('must be of these very bytes, not of what they mean', async () => {
    await expectRejected(posted(`${body} `, await sign(body, APP_SECRET)), 'wrong_signature')
    const escaped = body.replaceAll('text', '\\u0074ext')
    await expectRejected(posted(escaped, await sign(body, APP_SECRET)), 'wrong_signature')
  })

  it('must be whole, hexadecimal, of its scheme and alone', async () => {
    const right = await sign(body, APP_SECRET)
    const hex = right.slice('sha256='.length)
    const malformed = [
      ...['', 'sha256', 'sha256=', hex, `sha1=${hex.slice(0, 40)}`, `sha512=${hex}${hex}`, `SHA256=${hex}`],
      ...[right.slice(0, -1), right.slice(0, -2), `${right}0`, `${right}00`, `sha256=${hex.slice(0, -1)}g`],
      ...[`${right}, ${right}`, `${right},${right}`, `sha256= ${hex}`, `sha256=${'é'.repeat(64)}`],
    ]
    for (const signature of malformed) await expectRejected(posted(body, signature), 'malformed_signature')
  })

  it('is refused when two headers were sent, even when both are right', async () => {
    const request = await signed(body)
    request.headers.append('x-hub-signature-256', await sign(body, APP_SECRET))
    await expectRejected(request, 'malformed_signature')
  })

  it('is looked at before the body is parsed', () =>
    expectRejected(posted('{"entry":', `sha256=${'0'.repeat(64)}`), 'wrong_signature'))

  it('may be of any secret of a rotation, from options or from the environment', async () => {
    const fromOptions = whatsapp({ appSecret: ['new', 'old'], verifyToken: 'token' })
    const fromEnv = whatsapp({ appSecret: () => [undefined, 'new', 'old'], verifyToken: 'token' })
    for (const provider of [fromOptions, fromEnv]) {
      expect((await openDoor({ provider }).webhook(await signed(body, 'old'))).status).toBe(200)
      expect((await openDoor({ provider }).webhook(await signed(body, 'new'))).status).toBe(200)
      await expectRejected(await signed(body, 'older'), 'wrong_signature', openDoor({ provider }))
    }
  })

  it('is never right when the environment has no secret', async () => {
    const ofNoSecret = `sha256=${'0'.repeat(64)}`
    for (const secret of [undefined, null, '', [], [''], [undefined], 0, {}, Promise.resolve(APP_SECRET)]) {
      const provider = whatsapp({ appSecret: () => secret as string, verifyToken: 'token' })
      await expectRejected(posted(body, ofNoSecret), 'no_secret', openDoor({ provider }))
      await expectRejected(await signed(body), 'no_secret', openDoor({ provider }))
    }
  })
})

describe('a body', () => {
  async function statusOf(body: string | Uint8Array<ArrayBuffer>): Promise<[number, unknown]> {
    const { post, handled } = openDoor()
    const answer = await post(body)
    expect(handled).toEqual([])
    return [answer.status, await answer.json()]
  }

  it('that is no JSON is a bad request', async () => {
    const whole = messagesFrom('2507')
    for (const body of ['', ' ', '{', whole.slice(0, -1), `${whole}}`, 'undefined', "{'entry':[]}", '\u0000'])
      expect(await statusOf(body)).toEqual([400, { success: false, error: 'bad_json' }])
    expect((await statusOf(new Uint8Array([0xff, 0xfe, 0x00])))[0]).toBe(400)
  })

  it('that is JSON but no delivery is a bad request', async () => {
    for (const body of ['null', '7', '"x"', '[]', '{}', '{"entry":null}', '{"entry":{}}', '[{"entry":[]}]'])
      expect(await statusOf(body)).toEqual([400, { success: false, error: 'not_a_delivery' }])
  })

  it('may begin with a byte order mark, and be without updates', async () => {
    expect(await statusOf('\ufeff{"entry":[]}')).toEqual([200, DONE])
  })

  it('over 3 MB is refused, though it is signed', async () => {
    const most = 3 * 1024 * 1024
    const { post, facts } = openDoor()
    expect((await post(new Uint8Array(most + 1))).status).toBe(413)
    expect(facts).toEqual([{ name: 'webhook.rejected', of: 'whatsapp', reason: 'body_too_large' }])
    // One byte less is read: it is only no JSON.
    expect((await post(new Uint8Array(most))).status).toBe(400)
  })

  it('that was read before is a fault of this side: the sender has to come again', async () => {
    const request = await signed(messagesFrom('2507'))
    await request.text()
    const answer = await openDoor().webhook(request)
    expect([answer.status, await answer.json()]).toEqual([500, { success: false, error: 'body_consumed' }])
  })
})

describe('another method', () => {
  it('is refused, and told which ones there are', async () => {
    const { webhook, facts } = openDoor()
    for (const method of ['PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']) {
      const answer = await webhook(new Request(URL_OF_DOOR, { method }))
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST'])
    }
    expect(facts).toHaveLength(5)
    expect(facts[0]).toEqual({ name: 'webhook.rejected', of: 'whatsapp', reason: 'method' })
  })

  it('is GET, too, when the provider shakes no hands', async () => {
    const { name, maxBodyBytes, answerWithinMs, retryHorizonMs, verify, split } = whatsAppProvider()
    const provider = { name, maxBodyBytes, answerWithinMs, retryHorizonMs, verify, split }
    const answer = await openDoor({ provider }).webhook(handshake(VERIFY_TOKEN))
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  })
})

describe('a provider or a secret that throws', () => {
  const fails = (error: unknown) => () => {
    throw error
  }
  const throwing = Object.assign(new Error('never shown'), { code: 'EUSER' })

  it('fails the delivery, tells a fact, and does not take the process down', async () => {
    const real = whatsapp({ appSecret: APP_SECRET, verifyToken: VERIFY_TOKEN })
    const body = messagesFrom('2507')
    const providers = [
      whatsapp({ appSecret: fails(throwing), verifyToken: VERIFY_TOKEN }),
      { ...real, verify: fails(throwing) },
      { ...real, split: fails(throwing) },
    ]
    for (const provider of providers) {
      const { webhook, facts, handled } = openDoor({ provider })
      const answer = await webhook(await signed(body))
      expect([answer.status, await answer.json()]).toEqual([500, FAILED])
      expect(facts).toEqual([{ name: 'webhook.failed', of: 'whatsapp', reason: 'provider', code: 'EUSER' }])
      expect(handled).toEqual([])
    }
  })

  it('fails the handshake the same way', async () => {
    const provider = whatsapp({ appSecret: APP_SECRET, verifyToken: fails(throwing) })
    const answer = await openDoor({ provider }).webhook(handshake(VERIFY_TOKEN))
    expect([answer.status, await answer.json()]).toEqual([500, FAILED])
  })
})

describe('a provider of one’s own', () => {
  const note: Provider<Update & { readonly payload: string }> = {
    name: 'notes',
    maxBodyBytes: 10,
    answerWithinMs: 1_000,
    retryHorizonMs: 1_000,
    verify: (request) => (request.headers.get('x-key') === 'k' ? undefined : 'wrong_signature'),
    split: (body) => ({
      updates: [{ kind: 'note', key: String(body), group: '', payload: String(body), at: undefined }],
      unkeyed: [],
    }),
  }
  const post = (body: string): Request => new Request(URL_OF_DOOR, { method: 'POST', headers: { 'x-key': 'k' }, body })

  it('sets the limits, and its updates reach the handler', async () => {
    const { dedup } = openDoor()
    const seen: string[] = []
    const webhook = createWebhook({ provider: note, dedup, handle: ({ payload }) => void seen.push(payload) })
    expect((await webhook(post('"hello"'))).status).toBe(200)
    expect((await webhook(post('"hello you"'))).status).toBe(413)
    expect((await webhook(new Request(URL_OF_DOOR))).status).toBe(405)
    expect(seen).toEqual(['hello'])
  })

  it('hears of a store that is not set up by a rejection, not by an answer that a provider would resend for', async () => {
    const runner = { retentionMs: 1_000, each: () => Promise.reject(new StoreSetupError('no table')) }
    const webhook = createWebhook({ provider: note, dedup: runner, handle: () => undefined })
    await expect(webhook(post('"a"'))).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
  })
})
