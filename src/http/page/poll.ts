import type { PerformanceDocument } from '../performance-document.ts'
import { after, elapsed } from './browser.ts'
import { readingOf, type Reading } from './reading.ts'
import { savedToken } from './token.ts'

/** What the last question came to. */
export type Answer =
  | { readonly status: 'reading'; readonly reading: Reading }
  | { readonly status: 'locked'; readonly refused: boolean }
  | { readonly status: 'failed'; readonly why: string }

const EVERY_MS = 2_000
/** A service in trouble is asked less and less often. */
const SLOWEST_MS = 30_000
const TIMEOUT_MS = 8_000

/** Asks for the numbers again and again, except while nobody looks. */
export class Poll {
  /** When the last reading came, and when the next question is asked, by the clock of the browser. */
  readingAt: number | undefined
  nextAt: number | undefined
  paused = false
  /** Nothing is asked until there is a token: every further question would be one more refusal in the service's log. */
  locked = false
  readonly #onAnswer: (answer: Answer) => void
  #waitMs = EVERY_MS
  #callOff = (): void => undefined
  #asking = false

  constructor(onAnswer: (answer: Answer) => void) {
    this.#onAnswer = onAnswer
  }

  /** Asks at once, and goes on. */
  async start(): Promise<void> {
    this.stop()
    if (this.#asking || this.#resting()) return
    this.#asking = true
    const answer = await ask()
    this.#asking = false
    if (answer.status === 'reading') this.readingAt = elapsed()
    this.#waitMs = answer.status === 'reading' ? EVERY_MS : Math.min(SLOWEST_MS, this.#waitMs * 2)
    this.locked = answer.status === 'locked'
    if (!this.#resting()) this.#later()
    this.#onAnswer(answer)
  }

  stop(): void {
    this.#callOff()
    this.nextAt = undefined
  }

  #resting(): boolean {
    return this.paused || this.locked || document.hidden
  }

  #later(): void {
    this.nextAt = elapsed() + this.#waitMs
    this.#callOff = after(this.#waitMs, () => void this.start())
  }
}

async function ask(): Promise<Answer> {
  const token = savedToken()
  const headers = { accept: 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) }
  let response
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    // The page's own path: behind a proxy nobody else knows it.
    response = await fetch('?format=json', { headers, signal, cache: 'no-store' })
  } catch (error) {
    const late = (error as Error).name === 'TimeoutError'
    return { status: 'failed', why: late ? 'no answer in 8 s' : 'the service cannot be reached' }
  }
  if (response.status === 401) return { status: 'locked', refused: token !== '' }
  if (!response.ok) return { status: 'failed', why: `the service answered with ${response.status}` }
  try {
    return { status: 'reading', reading: readingOf((await response.json()) as PerformanceDocument) }
  } catch {
    return { status: 'failed', why: 'the answer is no metrics document' }
  }
}
