import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Line } from './site.ts'
import type { Order, Report, WorkerSetup } from './worker-messages.ts'

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** What became of a delivery: one status for each update, or none, because the store or the worker was gone. */
export type Answer = readonly string[] | undefined

/** A process that handles deliveries. */
export class Worker {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  readonly line: Line
  readonly ready: Promise<void>
  readonly gone: Promise<void>
  readonly #beginnings = new Map<string, () => void>()
  #nr = 0
  #state: 'starting' | 'ready' | 'gone' = 'starting'

  constructor(setup: Omit<WorkerSetup, 'url'>, line: Line) {
    this.line = line
    const own: WorkerSetup = { ...setup, url: line.url }
    this.#child = fork(WORKER, [JSON.stringify(own)], { execArgv: ['--import', 'tsx'] })
    this.gone = once(this.#child, 'exit').then(() => {
      this.#state = 'gone'
      for (const tell of this.#waiting.values()) tell(undefined)
    })
    this.ready = new Promise((resolve) => {
      this.#child.on('message', (report: Report) => {
        if (report.type === 'answered') return this.#answered(report.nr, report.statuses)
        if (report.type === 'began') return this.#beginnings.get(report.id)?.()
        this.#state = 'ready'
        resolve()
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** How many deliveries it is working on. */
  get load(): number {
    return this.#waiting.size
  }

  deliver(ids: readonly string[]): Promise<Answer> {
    const nr = (this.#nr += 1)
    if (this.#state === 'gone') return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#waiting.set(nr, resolve)
      this.order({ type: 'deliver', nr, ids })
    })
  }

  /** Resolves when the first update of a train has begun here. */
  began(id: string): Promise<void> {
    return new Promise((resolve) => this.#beginnings.set(id, resolve))
  }

  order(order: Order): void {
    // One that has just been killed cannot be told; that it is gone says enough.
    if (this.#child.connected) this.#child.send(order, () => undefined)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  #answered(nr: number, statuses: Answer): void {
    this.#waiting.get(nr)?.(statuses)
    this.#waiting.delete(nr)
  }
}

/** Workers, of which each that dies is replaced by one on its line. */
export class Crew {
  readonly #setup: Omit<WorkerSetup, 'url'>
  readonly #lines: readonly Line[]
  readonly #workers = new Set<Worker>()
  #closed = false

  constructor(setup: Omit<WorkerSetup, 'url'>, lines: readonly Line[]) {
    this.#setup = setup
    this.#lines = lines
    for (const line of lines) this.#hire(line)
  }

  /** Resolves when all that live now may be sent deliveries. */
  async complete(): Promise<void> {
    await Promise.all([...this.#workers].map(({ ready, gone }) => Promise.race([ready, gone])))
  }

  get ready(): Worker[] {
    return [...this.#workers].filter(({ isReady }) => isReady)
  }

  /** One that has most to do. */
  get busiest(): Worker | undefined {
    return this.ready.sort((one, other) => other.load - one.load)[0]
  }

  /** One that has remembered nothing. */
  async newcomer(): Promise<Worker> {
    const worker = this.#hire(this.#lines[0] as Line)
    await worker.ready
    return worker
  }

  async dismiss(): Promise<void> {
    this.#closed = true
    const workers = [...this.#workers]
    workers.forEach((worker) => worker.kill())
    await Promise.all(workers.map(({ gone }) => gone))
  }

  #hire(line: Line): Worker {
    const worker = new Worker(this.#setup, line)
    this.#workers.add(worker)
    void worker.gone.then(() => {
      this.#workers.delete(worker)
      if (!this.#closed) this.#hire(line)
    })
    return worker
  }
}
