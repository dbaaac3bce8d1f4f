import { setTimeout as sleep } from 'node:timers/promises'
import type { Crew, Worker } from './crew.ts'
import { now } from './history.ts'

export interface SenderOptions {
  readonly crew: Crew
  readonly random: () => number
  readonly total: number
  /** Updates that are not sent before they are handed to somebody. */
  readonly trains: readonly (readonly string[])[]
}

/** Deliveries that are under way at the same time. */
const LANES = 24
/** The part of a delivery that was sent before, whatever became of it. */
const AGAIN = 0.2
const RESEND_WITHIN_MS = 300
/** A delivery that is not answered by then is sent again, whatever becomes of it. */
const PATIENCE_MS = 1_000
const LONGEST_CLAIM_MS = 5_000
/** An update that kills its processes is left alone for many leases. */
const STALLED_MS = 180_000

const finished = new Set(['done', 'degraded', 'duplicate', 'dead'])

/**
 * Sends updates as a provider does: in batches of all sizes, to whichever process; again, and packed anew, whatever was
 * not answered as done; and now and then what was.
 */
export class Sender {
  readonly ids: readonly string[]
  readonly done = new Set<string>()
  deliveries = 0
  readonly #options: SenderOptions
  readonly #sent: string[] = []
  readonly #due: string[] = []
  readonly #fresh: readonly string[]
  readonly #trains: (readonly string[])[]
  #released = 0
  #closed = false

  constructor(options: SenderOptions) {
    this.#options = options
    this.ids = Array.from({ length: options.total }, (_, at) => String(at))
    const handed = new Set(options.trains.flat())
    this.#fresh = this.ids.filter((id) => !handed.has(id))
    this.#trains = [...options.trains]
  }

  /** Lets so many more of the updates happen. */
  release(count: number): void {
    const fresh = this.#fresh.slice(this.#released, this.#released + count)
    this.#released += fresh.length
    this.#due.push(...fresh)
    this.#sent.push(...fresh)
  }

  /** Hands the next train to a worker. Resolves when the first update of it has begun there, if that comes to pass. */
  async hand(worker: Worker): Promise<void> {
    const train = this.#trains.shift() ?? []
    this.#sent.push(...train)
    const began = worker.began(train[0] ?? '')
    void this.#deliver(worker, train)
    await Promise.race([began, worker.gone, sleep(LONGEST_CLAIM_MS)])
  }

  /** Sends until it is closed. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, () => this.#lane()))
  }

  close(): void {
    this.#closed = true
  }

  /**
   * Resolves when so many updates were answered as ended.
   *
   * @throws Error when none was for three minutes
   */
  async until(count: number): Promise<void> {
    let most = -1
    let since = 0
    for (; this.done.size < count; await sleep(5)) {
      if (this.done.size > most) [most, since] = [this.done.size, now()]
      if (now() - since > STALLED_MS) throw new Error(`${count - most} updates do not come to an end`)
    }
  }

  async #lane(): Promise<void> {
    while (!this.#closed) {
      const ids = this.#batch()
      const worker = this.#anyWorker()
      if (ids.length === 0 || worker === undefined) {
        this.#due.push(...ids)
        await sleep(5)
        continue
      }
      await this.#deliver(worker, ids)
    }
  }

  async #deliver(worker: Worker, ids: readonly string[]): Promise<void> {
    this.deliveries += 1
    this.#answered(ids, await Promise.race([worker.deliver(ids), sleep(PATIENCE_MS, undefined)]))
  }

  #answered(ids: readonly string[], statuses: readonly string[] | undefined): void {
    const failed = ids.filter((_, at) => !finished.has(statuses?.[at] ?? 'none'))
    for (const id of ids) this.done.add(id)
    for (const id of failed) this.done.delete(id)
    const resend = (): void => void this.#due.push(...failed)
    if (failed.length > 0) setTimeout(resend, this.#options.random() * RESEND_WITHIN_MS)
  }

  #batch(): string[] {
    const { random } = this.#options
    const size = Math.ceil(random() * (random() < 0.7 ? 10 : random() < 0.8 ? 60 : 400))
    const ids = new Set<string>()
    while (ids.size < size && this.#due.length > 0) ids.add(this.#taken(Math.floor(random() * this.#due.length)))
    const again = Math.ceil(ids.size * AGAIN)
    for (let nr = 0; nr < again; nr += 1) ids.add(this.#sent[Math.floor(random() * this.#sent.length)] ?? '0')
    return [...ids]
  }

  #taken(at: number): string {
    const last = this.#due.pop() ?? ''
    if (at >= this.#due.length) return last
    const taken = this.#due[at] ?? last
    this.#due[at] = last
    return taken
  }

  #anyWorker(): Crew['ready'][number] | undefined {
    const { crew, random } = this.#options
    const { ready } = crew
    return ready[Math.floor(random() * ready.length)]
  }
}
