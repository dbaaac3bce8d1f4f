import { oneOf, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import { fingerprintIds } from './fingerprint-ids.ts'
import { Generations } from './generations.ts'
import { createIdLimit, NO_LIMIT, type IdLimit } from './id-limit.ts'
import type { IdKind } from './id-set.ts'
import { KeyHash } from './key-hash.ts'
import { stringIds, type HeldKeys } from './string-ids.ts'

/** UTF-16 units: 512 bytes. */
const LONGEST = 256

/** How the memory of a process holds ids. */
export interface IdOptions {
  /**
   * `strings`: exact, about 100 bytes for an id of 60 characters. `fingerprints`: 64 bits of a seeded hash, 11 to 22 bytes for
   * an id of any length; for more than 100 000 ids. An id that was never seen is then taken for a duplicate with a
   * likelihood of (ids held) / 2^64, 1 in 10^13 for two million. @defaultValue `strings`
   */
  readonly ids?: 'strings' | 'fingerprints'
  /**
   * Copies an id before it is kept, at about half a microsecond each; for ids that you cut out of a body yourself (`slice`,
   * a regular expression), because an engine keeps the whole body for them, for as long as the id is remembered. Ids from
   * `JSON.parse` need it not. @defaultValue false
   */
  readonly flatten?: boolean
}

/**
 * A limit to the ids in memory: at most `maxIds` marks, and as many updates of `once` and `each`. A limit needs to be told
 * what becomes of the ids beyond it; either way they are counted as `stats().overflows`.
 */
export type IdLimitOptions =
  | { readonly maxIds?: undefined; readonly onOverflow?: undefined }
  | {
      /** Twice what comes in a window, and more than the largest delivery. At least 2. */
      readonly maxIds: number
      /**
       * `forget`: the elder ids are forgotten before the window is over; at least the newest half of `maxIds` stays. With a
       * store that only costs round trips. `reject`: new ids are refused with `StoreUnavailable` until older ones have had
       * their window, so that nothing runs, and the provider sends them again.
       */
      readonly onOverflow: 'forget' | 'reject'
    }

/** How one dedup holds ids in memory, wherever it does: short ones as they are, longer ones as a digest. */
export class IdMemory implements HeldKeys {
  readonly flatten: boolean
  readonly limit: IdLimit
  readonly #hash = new KeyHash()
  readonly #kind: IdKind<unknown>

  constructor({ ids, flatten = false }: IdOptions = {}, limit: IdLimit = NO_LIMIT) {
    this.flatten = flatten
    this.limit = limit
    this.#kind = ids === 'fingerprints' ? fingerprintIds(this.#hash) : stringIds(this)
  }

  nameOf(key: string): string {
    return key.length > LONGEST ? this.#hash.digest(key) : key
  }

  kept(name: string): string {
    // Made anew by a parser, because there is no plain way to ask for a copy that is no part of another string.
    return this.flatten ? (JSON.parse(JSON.stringify(name)) as string) : name
  }

  generations(windowMs: number): Generations {
    return new Generations(windowMs, this.#kind, this.limit)
  }
}

/** @throws OptionError `ERR_PERF_OPTION` */
export function createIdMemory(
  options: IdOptions & IdLimitOptions,
  of: { readonly host: Host; readonly name: string; readonly windowMs: number },
): IdMemory {
  const { ids = 'strings', flatten = false, maxIds, onOverflow } = options
  oneOf(['strings', 'fingerprints'], 'ids', ids)
  if (typeof flatten !== 'boolean') throw new OptionError('flatten must be true or false')
  if (maxIds === undefined) {
    if (onOverflow !== undefined) throw new OptionError('onOverflow needs maxIds')
    return new IdMemory({ ids, flatten })
  }
  wholeAtLeast(2, 'maxIds', maxIds)
  oneOf(['forget', 'reject'], 'onOverflow', onOverflow)
  return new IdMemory({ ids, flatten }, createIdLimit({ ...of, maxIds, onOverflow }))
}
