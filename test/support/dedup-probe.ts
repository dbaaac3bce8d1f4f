import { StoreUnavailable } from '../../src/core/errors.ts'
import { createHost, type Host } from '../../src/core/host.ts'
import type { Fact } from '../../src/core/fact.ts'
import type { DedupStore } from '../../src/core/dedup-store.ts'
import type { ManualClock } from '../../src/testing/index.ts'

type Method = keyof DedupStore

/** A store that is watched, and can be made to misbehave. */
export interface ProbedStore {
  readonly store: DedupStore
  /** Every call that reached it, with the keys it was about. */
  readonly calls: { readonly method: Method; readonly keys: readonly string[] }[]
  count(method: Method): number
  /** From now on the method does this instead, before or without asking the real one; `undefined` heals it. */
  instead(method: Method, act: ((real: () => Promise<never>) => Promise<never>) | undefined): void
}

export function probed(real: DedupStore): ProbedStore {
  const calls: { method: Method; keys: readonly string[] }[] = []
  const acts = new Map<Method, (real: () => Promise<never>) => Promise<never>>()
  const watched = <C extends string | { readonly key: string }, A extends readonly unknown[], R>(
    method: Method,
    call: (claims: readonly C[], ...args: A) => Promise<R>,
  ) => {
    return (claims: readonly C[], ...args: A): Promise<R> => {
      calls.push({ method, keys: claims.map((claim) => (typeof claim === 'string' ? claim : claim.key)) })
      const act = acts.get(method)
      return act === undefined ? call(claims, ...args) : act(() => call(claims, ...args) as Promise<never>)
    }
  }
  return {
    store: {
      claimMany: watched('claimMany', real.claimMany),
      beginMany: watched('beginMany', real.beginMany),
      renewMany: watched('renewMany', real.renewMany),
      completeMany: watched('completeMany', real.completeMany),
      releaseMany: watched('releaseMany', real.releaseMany),
      reviveMany: watched('reviveMany', real.reviveMany),
    },
    calls,
    count: (method) => calls.filter((call) => call.method === method).length,
    instead(method, act) {
      if (act === undefined) acts.delete(method)
      else acts.set(method, act)
    },
  }
}

export interface ToldHost {
  readonly host: Host
  readonly facts: Fact[]
  told(name: Fact['name']): number
}

/** A host that writes down what it is told. */
export function toldHost(clock?: ManualClock): ToldHost {
  const facts: Fact[] = []
  const host = createHost({ ...(clock && { clock }), observe: (fact) => facts.push(fact) })
  return { host, facts, told: (name) => facts.filter((fact) => fact.name === name).length }
}

/** Moves the clock on in small steps until the promise settles; a minute must be enough. */
export async function finished<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let settled = false
  const over = (): void => void (settled = true)
  promise.then(over, over)
  for (let passed = 0; passed < 60_000 && !settled; passed += 5) await clock.tick(5)
  if (!settled) throw new Error('it did not end within a minute of its clock')
  return promise
}

/** A handler that stays at work until it is told to go on. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

/** What a store does that is frozen. */
export const forever = (): Promise<never> => new Promise(() => undefined)
/** What a store does whose connection is lost. */
export const unavailable = (): Promise<never> => Promise.reject(new StoreUnavailable('connection lost'))
