import { isText, knownOptions } from '../core/check.ts'
import { sameSecret } from '../core/constant-time.ts'
import { OptionError } from '../core/errors.ts'
import { createHmacVerifier, isSha256Hex } from './hmac.ts'
import type { Provider, Rejection } from './provider.ts'
import { retryHorizons } from './retry-horizons.ts'
import { splitWhatsApp } from './whatsapp-split.ts'
import type { WhatsAppUpdate } from './whatsapp-types.ts'

/** A secret, or several while they rotate, or a function of the handler's further arguments (`env`). */
export type Secret<Args extends readonly unknown[]> =
  string | readonly string[] | ((...args: Args) => string | readonly (string | undefined)[] | undefined)

/** The two secrets that Meta and the service share; both may be several while they rotate. */
export interface WhatsAppOptions<Args extends readonly unknown[]> {
  /** Signs every delivery. An empty or missing one verifies nothing: the delivery is refused. */
  readonly appSecret: Secret<Args>
  /** Proves to Meta that the endpoint is yours, when it is registered. */
  readonly verifyToken: Secret<Args>
}

const SCHEME = 'sha256='

/**
 * The WhatsApp Business Platform (Cloud API).
 *
 * A body holds at most 1000 updates and 3 MB; `X-Hub-Signature-256` is the HMAC-SHA256 of its raw bytes; what is not
 * answered with 200 is resent for 7 days, here 8 with a margin
 * (https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint). An answer
 * is due within 5 s.
 *
 * @throws OptionError `ERR_PERF_OPTION` for an empty secret
 */
export function whatsapp<Args extends readonly unknown[]>(
  options: WhatsAppOptions<Args>,
): Provider<WhatsAppUpdate, Args> {
  knownOptions(options, 'appSecret', 'verifyToken')
  const { appSecret, verifyToken } = options
  checkSecret('appSecret', appSecret)
  checkSecret('verifyToken', verifyToken)
  const appSecrets = secretsOf(appSecret)
  const verifyTokens = secretsOf(verifyToken)
  const verifyHmac = createHmacVerifier()

  return {
    name: 'whatsapp',
    maxBodyBytes: 3 * 1024 * 1024,
    answerWithinMs: 5_000,
    retryHorizonMs: retryHorizons.whatsapp,
    handshake(request, ...args) {
      const asked = new URL(request.url).searchParams
      const token = asked.get('hub.verify_token') ?? ''
      const known = verifyTokens(args)
      if (asked.get('hub.mode') !== 'subscribe' || !known.some((secret) => sameSecret(token, secret)))
        return 'wrong_verify_token'
      return new Response(asked.get('hub.challenge') ?? '', {
        // Plain text that no browser may take for a page: the challenge is the caller's own text.
        headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
      })
    },
    precheck: (request) => (request.headers.has('x-hub-signature-256') ? undefined : 'missing_signature'),
    verify(request, body, ...args) {
      const header = request.headers.get('x-hub-signature-256')
      if (header === null) return 'missing_signature'
      const signature = header.slice(SCHEME.length)
      if (!header.startsWith(SCHEME) || !isSha256Hex(signature)) return 'malformed_signature'
      const secrets = appSecrets(args)
      if (secrets.length === 0) return 'no_secret'
      const right = verifyHmac(secrets, body, signature)
      return typeof right === 'boolean' ? verdict(right) : right.then(verdict)
    },
    split: splitWhatsApp,
  }
}

function verdict(right: boolean): Rejection | undefined {
  return right ? undefined : 'wrong_signature'
}

function checkSecret<Args extends readonly unknown[]>(name: string, secret: Secret<Args>): void {
  if (typeof secret === 'function') return
  if (!Array.isArray(secret)) return isText(name, secret)
  if (secret.length === 0) throw new OptionError(`${name} must hold at least one secret`)
  for (const one of secret as readonly unknown[]) isText(name, one)
}

/** The secrets to try: known for good, or looked up at each call. */
function secretsOf<Args extends readonly unknown[]>(secret: Secret<Args>): (args: Args) => readonly string[] {
  if (typeof secret === 'function') return (args) => usable(secret(...args))
  const known = usable(secret)
  return () => known
}

/** An environment may lack the old secret of a rotation; an empty one would make every signature right for everybody. */
function usable(given: unknown): readonly string[] {
  // A promise, which the types refuse, is no secret either.
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  return list.filter((one): one is string => typeof one === 'string' && one !== '')
}
