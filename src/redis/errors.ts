import { StoreSetupError, StoreUnavailable } from '../core/errors.ts'
import { codeOf } from '../core/fact.ts'

/**
 * What the server refuses for good is a mistake in the set-up: a right, a credential, a key that holds something else,
 * a cluster behind a client that knows of none. Everything else may be over at the next call: a lost connection,
 * `LOADING`, `BUSY`, `READONLY`, `MASTERDOWN`, `CLUSTERDOWN`, `OOM`.
 * See https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors.
 */
const SETUP_WORDS = new Set(['CROSSSLOT', 'DENIED', 'ERR', 'MOVED', 'NOAUTH', 'NOPERM', 'WRONGPASS', 'WRONGTYPE'])

/** `ERR max number of clients reached`, and Upstash's `ERR max requests limit exceeded`. */
const LIMIT = /^ERR max /

/** What stands before the server's own words: Upstash's pipeline, and before Redis 7 a script that called something. */
const WRAPPED = /^(Command .*?failed: |ERR Error running script.*@user_script: ?\d+: -?(?=[A-Z]+ ))/

/** What the server said, without what others said around it. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(WRAPPED, '').replace(WRAPPED, '') : ''
}

/** The error of this package that an error of a driver stands for. */
export function classified(error: unknown): StoreSetupError | StoreUnavailable {
  const message = messageOf(error)
  const word = /^[A-Z]+(?=\s)/.exec(message)?.[0]
  const options = { cause: error }
  if (word === undefined) return new StoreUnavailable(`redis did not answer the call${reasonOf(error)}`, options)
  return SETUP_WORDS.has(word) && !LIMIT.test(message)
    ? new StoreSetupError(`redis refused the call: ${word}`, options)
    : new StoreUnavailable(`redis refused the call for now: ${word}`, options)
}

/** What drivers throw for a client that cannot be asked. */
const CLIENT_STATES: readonly (readonly [RegExp, string])[] = [
  [/client is closed|connection is closed/i, 'the client is closed'],
  [/client is offline|isn't writeable/i, 'the client is offline'],
  [/max retries per request/i, 'the client gave up after its retries'],
]

/** Why, in words that hold no data: a code of the socket, or what is wrong with the client. */
function reasonOf(error: unknown): string {
  const { code } = codeOf(error)
  const state = CLIENT_STATES.find(([words]) => words.test(messageOf(error)))?.[1]
  const reason = code ?? state
  return reason === undefined ? '' : ` (${reason})`
}
