import { OptionError, StoreSetupError, StoreUnavailable } from '../core/errors.ts'

/** What the stores of this room need of Redis, whichever driver is behind it. */
export interface RedisPort {
  /** Runs a Lua script on the server, by its digest where the server knows it. */
  script(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown>
}

/** A Lua script, with its SHA-1 once that is known. */
export interface RedisScript {
  readonly text: string
  sha?: string
}

/** The two commands, as every driver can be brought to run them. */
interface Evaluator {
  evalSha(sha: string, keys: readonly string[], args: readonly string[]): Promise<unknown>
  evaluate(text: string, keys: readonly string[], args: readonly string[]): Promise<unknown>
}

/** ioredis' shape. Drivers are written here by shape, so that this package never imports one. */
interface IoredisLike {
  call(command: string, ...args: string[]): Promise<unknown>
}

/** The shape of `redis` (node-redis). */
interface NodeRedisLike {
  sendCommand(args: readonly string[]): Promise<unknown>
}

/** The shape of `@upstash/redis`. */
interface UpstashLike {
  evalsha(sha: string, keys: string[], args: string[]): Promise<unknown>
  eval(text: string, keys: string[], args: string[]): Promise<unknown>
}

const has = (client: object, method: string): boolean =>
  typeof (client as Record<string, unknown>)[method] === 'function'
const isIoredis = (client: object): client is IoredisLike => has(client, 'call') && has(client, 'defineCommand')
const isNodeRedis = (client: object): client is NodeRedisLike => has(client, 'sendCommand') && has(client, 'multi')
const isUpstash = (client: object): client is UpstashLike => has(client, 'evalsha') && has(client, 'eval')

/**
 * Recognises the driver by its methods, once, when a store is made. The caller owns the client, and closes it.
 *
 * @throws OptionError `ERR_PERF_OPTION` for anything but a client of ioredis, redis (node-redis) or @upstash/redis
 */
export function redisPort(client: object): RedisPort {
  const evaluator = evaluatorOf(client)
  return {
    async script(script, keys, args) {
      try {
        script.sha ??= await sha1(script.text)
        return await evaluator.evalSha(script.sha, keys, args)
      } catch (error) {
        if (!messageOf(error).startsWith('NOSCRIPT')) throw classified(error)
      }
      return evaluator.evaluate(script.text, keys, args).catch((error: unknown) => {
        throw classified(error)
      })
    },
  }
}

function evaluatorOf(client: object): Evaluator {
  if (typeof client === 'object' && client !== null) {
    if (isIoredis(client)) return byCommands((command, ...args) => client.call(command, ...args))
    if (isNodeRedis(client)) return byCommands((...command) => client.sendCommand(command))
    if (isUpstash(client))
      return {
        evalSha: (sha, keys, args) => client.evalsha(sha, [...keys], [...args]),
        evaluate: (text, keys, args) => client.eval(text, [...keys], [...args]),
      }
  }
  throw new OptionError('redis must be a client of ioredis, redis (node-redis) or @upstash/redis')
}

function byCommands(send: (command: string, ...args: string[]) => Promise<unknown>): Evaluator {
  const run = (command: string, body: string, [keys, args]: [readonly string[], readonly string[]]): Promise<unknown> =>
    send(command, body, String(keys.length), ...keys, ...args)
  return {
    evalSha: (sha, keys, args) => run('EVALSHA', sha, [keys, args]),
    evaluate: (text, keys, args) => run('EVAL', text, [keys, args]),
  }
}

/**
 * What the server refuses for good is a mistake in the set-up; everything else (connection lost, loading, read-only
 * replica) may be over at the next call. See https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors.
 */
function classified(error: unknown): Error {
  const options = { cause: error }
  const word = /^[A-Z]+(?=\s)/.exec(messageOf(error))?.[0] ?? ''
  if (SETUP_WORDS.has(word)) return new StoreSetupError(`redis refused the call: ${word}`, options)
  return new StoreUnavailable('redis did not answer the call', options)
}

const SETUP_WORDS = new Set(['DENIED', 'ERR', 'NOAUTH', 'NOPERM', 'WRONGPASS', 'WRONGTYPE'])

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}

async function sha1(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text)))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
