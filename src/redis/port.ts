import { driverOf, type RedisClient, type RedisDriver } from './drivers.ts'
import { classified, messageOf } from './errors.ts'
import { slotOf } from './slots.ts'

/** What the stores of this room need of Redis, whichever driver is behind it. */
export interface RedisPort {
  /** Runs a Lua script on the server, by its digest where the server knows it. In a cluster all keys are of one slot. */
  readonly script: (script: RedisScript, keys: readonly string[], args: readonly string[]) => Promise<unknown>
  /**
   * Reads the strings of keys, in a cluster of one slot. Undefined for a driver over HTTP: there each command is a
   * request of its own, and a script does better.
   */
  readonly mget: ((keys: readonly string[]) => Promise<unknown>) | undefined
  /** The slot of a key, for clients of a cluster: no command may name keys of several. */
  readonly slotOf: ((key: string) => number) | undefined
}

/** A Lua script, with its SHA-1 once that is known. */
export interface RedisScript {
  readonly text: string
  sha?: string
}

/** Sends one command; the key says to which node of a cluster. */
type Send = (key: string | undefined, ...command: [string, ...string[]]) => Promise<unknown>

type Evaluate = (
  command: 'EVALSHA' | 'EVAL',
  body: string,
  [keys, args]: [keys: readonly string[], args: readonly string[]],
) => Promise<unknown>

/**
 * Recognises the driver by its methods, once, when a store is made. The caller owns the client, and closes it.
 *
 * @throws OptionError `ERR_PERF_OPTION` for anything but a client of ioredis, redis (node-redis) or @upstash/redis
 */
export function redisPort(client: RedisClient): RedisPort {
  const driver = driverOf(client)
  const send = senderOf(driver)
  const evaluate = evaluatorOf(driver)
  return {
    slotOf: slotsOf(driver),
    mget: send && ((keys) => told(send(keys[0], 'MGET', ...keys))),
    async script(script, keys, args) {
      script.sha ??= await sha1(script.text)
      try {
        return await evaluate('EVALSHA', script.sha, [keys, args])
      } catch (error) {
        if (!messageOf(error).startsWith('NOSCRIPT')) throw classified(error)
      }
      return told(evaluate('EVAL', script.text, [keys, args]))
    },
  }
}

/** Sends commands over a socket; undefined for a driver over HTTP. */
function senderOf(driver: RedisDriver): Send | undefined {
  if (driver.name === 'upstash') return undefined
  if (driver.name === 'node-redis') return (_, ...command) => driver.client.sendCommand(command)
  // Never by a replica, which may not have heard of the last invalidation.
  if (driver.name === 'node-redis cluster') return (key, ...command) => driver.client.sendCommand(key, false, command)
  return (_, ...command) => driver.client.call(...command)
}

/** Passes the answer on, and errors as those of this package. */
export function told<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    throw classified(error)
  })
}

function evaluatorOf(driver: RedisDriver): Evaluate {
  if (driver.name === 'upstash')
    return (command, body, [keys, args]) =>
      driver.client[command === 'EVAL' ? 'eval' : 'evalsha'](body, [...keys], [...args])
  const send = senderOf(driver) as Send
  return (command, body, [keys, args]) => send(keys[0], command, body, String(keys.length), ...keys, ...args)
}

function slotsOf(driver: RedisDriver): RedisPort['slotOf'] {
  if (driver.name === 'node-redis cluster') return slotOf
  // ioredis puts its prefix before the keys of every command; node-redis does not for those that are written out.
  if (driver.name === 'ioredis cluster') return (key) => slotOf(String(driver.client.options?.keyPrefix ?? '') + key)
  return undefined
}

async function sha1(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text)))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
