import type { Claim, DedupStore } from '../../src/core/dedup-store.ts'
import type { StoreCallOptions } from '../../src/core/deadline.ts'
import { moment, type Deed, type Moment } from './history.ts'

export interface WatchOptions {
  readonly tell: (deed: Deed) => void
  /** What stands before each key. */
  readonly prefix: string
}

type Own = { readonly id: string; readonly token: string } // prettier-ignore

/** A store that writes down what it was asked, what it granted and confirmed, and which of its calls failed. */
export function watchedStore(store: DedupStore, { tell, prefix }: WatchOptions): DedupStore {
  const own = ({ key, token }: Claim): Own => ({ id: key.slice(prefix.length), token })

  /** @param told - hears the answer; `late` when nobody waited for it any more, so that it gives no right to anything */
  async function watched<T>(
    options: StoreCallOptions | undefined,
    call: () => Promise<T>,
    told: (answer: T, asked: Moment, late: boolean) => void = () => undefined,
  ): Promise<T> {
    const asked = moment()
    let late = false
    options?.onGiveUp?.(() => {
      late = true
      tell({ what: 'missed', since: asked.at })
    })
    try {
      const answer = await call()
      told(answer, asked, late)
      return answer
    } catch (error) {
      if (!late) tell({ what: 'missed', since: asked.at })
      throw error
    }
  }

  return {
    claimMany: (claims, options) =>
      watched(
        options,
        () => store.claimMany(claims, options),
        (met, asked, late) => {
          claims.forEach((claim, at) => {
            const answer = met[at]
            if (late || answer?.status !== 'won') return
            tell({ what: 'won', ...own(claim), runs: answer.runs, expired: answer.expired, asked })
          })
        },
      ),
    beginMany(claims, options) {
      for (const claim of claims) tell({ what: 'begin', ...own(claim) })
      return watched(
        options,
        () => store.beginMany(claims, options),
        (counted, _, late) => {
          claims.forEach((claim, at) => {
            if (counted[at] === true) tell({ what: 'counted', ...own(claim) })
            else if (!late) tell({ what: 'lost', ...own(claim) })
          })
        },
      )
    },
    renewMany: (claims, options) =>
      watched(
        options,
        () => store.renewMany(claims, options),
        (renewed, asked, late) => {
          if (late) return
          claims.forEach((claim, at) =>
            tell(renewed[at] === true ? { what: 'renewed', ...own(claim), asked } : { what: 'lost', ...own(claim) }),
          )
        },
      ),
    completeMany: (ends, options) =>
      watched(
        options,
        () => store.completeMany(ends, options),
        (kept, asked) => {
          ends.forEach((end, at) =>
            tell(kept[at] === true ? { what: 'kept', ...own(end), asked } : { what: 'refused', ...own(end) }),
          )
        },
      ),
    releaseMany(claims, options) {
      for (const claim of claims) tell({ what: 'gave', ...own(claim) })
      return watched(options, () => store.releaseMany(claims, options))
    },
    reviveMany: (keys, options) => watched(options, () => store.reviveMany(keys, options)),
  }
}
