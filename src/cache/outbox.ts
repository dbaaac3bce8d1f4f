/** What one process tells the others of a cache. */
export type Message =
  | { readonly do: 'drop'; readonly key: string }
  | { readonly do: 'gone' | 'stale'; readonly tag: string }
  | { readonly do: 'clear' }

/** A message that could not be sent, and until when it is worth sending, by `clock.elapsed`. */
export interface Unsent {
  readonly message: Message
  readonly until: number
}

/** Messages that are remembered one by one; beyond it everything is taken for changed. */
const MOST = 10_000

/**
 * What the others could not be told: each change once, the latest last, and none for longer than anybody can have what it is
 * about.
 */
export class Outbox {
  readonly #unsent = new Map<string, Unsent>()

  get isEmpty(): boolean {
    return this.#unsent.size === 0
  }

  add(message: Message, until: number): void {
    const isFull = this.#unsent.size >= MOST && !this.#unsent.has(nameOf(message))
    if (isFull) {
      const latest = Math.max(until, ...[...this.#unsent.values()].map((one) => one.until))
      this.#unsent.clear()
      this.#unsent.set(nameOf(CLEAR), { message: CLEAR, until: latest })
      return
    }
    this.#unsent.delete(nameOf(message))
    this.#unsent.set(nameOf(message), { message, until })
  }

  /** What is still worth sending; the rest is forgotten. */
  waiting(now: number): readonly Unsent[] {
    for (const [name, { until }] of this.#unsent) if (until <= now) this.#unsent.delete(name)
    return [...this.#unsent.values()]
  }

  /** It was sent; not what was added in its place since. */
  sent(unsent: Unsent): void {
    const name = nameOf(unsent.message)
    if (this.#unsent.get(name) === unsent) this.#unsent.delete(name)
  }
}

const CLEAR: Message = { do: 'clear' }

function nameOf(message: Message): string {
  if (message.do === 'clear') return message.do
  return `${message.do} ${message.do === 'drop' ? message.key : message.tag}`
}
