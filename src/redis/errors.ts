import { StoreSetupError, StoreUnavailable } from '../core/errors.ts'

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
  if (word === undefined) return new StoreUnavailable('redis did not answer the call', options)
  return SETUP_WORDS.has(word) && !LIMIT.test(message)
    ? new StoreSetupError(`redis refused the call: ${word}`, options)
    : new StoreUnavailable(`redis refused the call for now: ${word}`, options)
}
