/** How the cases talk to a Worker that runs. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RemoteStore } from './remote-store.ts'
import type { Worker } from './workerd.ts'

export interface Answer {
  readonly status: number
  readonly ms: number
  readonly body: Record<string, unknown>
}

/** Asks for one step of the Worker: a path and its query. */
export type Get = (path: string) => Promise<Answer>

/** What a case works with. */
export interface Bench {
  readonly worker: Worker
  readonly get: Get
  /** The store that the Worker reaches by `fetch`. */
  readonly store: RemoteStore
}

export type Case = (bench: Bench) => Promise<void>
export type Cases = Readonly<Record<string, Case>>

/** How long a request may take at most, in milliseconds; a wait that hangs does not end by itself. */
export const BOUND_MS = 8_000

export async function ask(worker: Worker, path: string): Promise<Answer> {
  const startedAt = performance.now()
  const response = await fetch(worker.url + path, { signal: AbortSignal.timeout(BOUND_MS) })
  const body = (await response.json()) as Record<string, unknown>
  return { status: response.status, ms: performance.now() - startedAt, body }
}

export const shown = (answers: readonly Answer[]): string => JSON.stringify(answers)

export const hasValue = ({ status, body }: Answer): boolean => status === 200 && typeof body['value'] === 'string'

/** Asks until the answer is yes, for a while. */
export async function until(yes: () => Promise<boolean>): Promise<boolean> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < BOUND_MS) {
    if (await yes()) return true
    await sleep(50)
  }
  return false
}
