import type { Claimed } from '../../src/core/dedup-store.ts'

/** A lease of one key, as the rules of `DedupStore` describe it, and nothing else. */
export interface PlainLease {
  token: string
  /** Its time has passed. */
  over: boolean
  givenBack: boolean
  runs: number
  expired: number
  written: boolean
}

/** One key in a store, written down from the port's promises, to be held against the stores that are used. */
export interface PlainKey {
  ended: 'done' | 'dead' | undefined
  lease: PlainLease | undefined
}

/** What can be asked of a store about one key, and the two things that happen to it unasked. */
export type KeyOp =
  | { readonly op: 'claim'; readonly token: string }
  | { readonly op: 'begin'; readonly token: string }
  | { readonly op: 'renew'; readonly token: string; readonly begun: boolean | 'written' }
  | { readonly op: 'end'; readonly token: string; readonly as: 'done' | 'dead'; readonly ifNobody: boolean }
  | { readonly op: 'release'; readonly token: string; readonly begun: boolean }
  | { readonly op: 'revive' }
  /** More than a lease passes. */
  | { readonly op: 'pass' }
  /** The store loses all that it knew. */
  | { readonly op: 'forget' }

export type KeyAnswer = Claimed['status'] | `won ${number} ${number}` | boolean | undefined

export const newKey = (): PlainKey => ({ ended: undefined, lease: undefined })

const owns = (key: PlainKey, token: string): boolean => key.lease?.token === token && !key.lease.givenBack
const isFree = ({ ended, lease }: PlainKey): boolean =>
  ended === undefined && (lease === undefined || lease.givenBack || lease.over)

/** Does to the key what a store must do. */
export function applied(key: PlainKey, asked: KeyOp): KeyAnswer {
  switch (asked.op) {
    case 'claim':
      return claimed(key, asked.token)
    case 'begin':
      return begun(key, asked.token)
    case 'renew':
      return renewed(key, asked)
    case 'end':
      if (!owns(key, asked.token) && !(asked.ifNobody && asked.as === 'done' && isFree(key))) return false
      Object.assign(key, { ended: asked.as, lease: undefined })
      return true
    case 'release':
      if (owns(key, asked.token) && key.lease !== undefined) giveBack(key.lease, asked.begun)
      return undefined
    case 'revive':
      if (key.ended !== 'dead') return false
      return Object.assign(key, newKey()) === key
    case 'pass':
      if (key.lease !== undefined) key.lease.over = true
      return undefined
    case 'forget':
      Object.assign(key, newKey())
      return undefined
  }
}

function claimed(key: PlainKey, token: string): KeyAnswer {
  if (key.ended !== undefined) return key.ended
  const { lease } = key
  const same = owns(key, token)
  if (lease !== undefined && !lease.givenBack && !lease.over && !same) return 'leased'
  const { runs = 0, expired = 0 } = lease ?? {}
  const found = lease !== undefined && lease.over && !lease.givenBack && !same
  const written = same && lease?.written === true
  key.lease = { token, over: false, givenBack: false, runs, expired: expired + Number(found), written }
  return `won ${runs} ${key.lease.expired}`
}

function begun(key: PlainKey, token: string): boolean {
  if (!owns(key, token) || key.lease === undefined) return false
  if (!key.lease.written) key.lease.runs += 1
  key.lease.written = true
  return true
}

function renewed(key: PlainKey, { token, begun: run }: Extract<KeyOp, { op: 'renew' }>): boolean {
  const { lease } = key
  if (owns(key, token) && lease !== undefined) {
    lease.over = false
    return true
  }
  if (run === false || !isFree(key)) return false
  if (lease?.givenBack === true && lease.token === token) return false
  const written = run === 'written'
  const { runs = Number(written), expired = 0 } = lease ?? {}
  key.lease = { token, over: false, givenBack: false, runs, expired, written }
  return true
}

function giveBack(lease: PlainLease, hasBegun: boolean): void {
  if (hasBegun && !lease.written) lease.runs += 1
  if (!hasBegun && lease.written) lease.runs -= 1
  lease.written = false
  lease.givenBack = true
  lease.over = true
}
