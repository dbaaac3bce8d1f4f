/** One update of a delivery, tagged by its kind. */
export interface Update {
  readonly kind: string
  /**
   * Names the update; the same for every resend of it. A provider names it among its own; a handler gets it as the dedup
   * knows it, behind the name of the door: `whatsapp:m:wamid…`. May hold personal data: never log it.
   */
  readonly key: string
  /** Updates of one group keep their order: one conversation. */
  readonly group: string
  readonly payload: unknown
  /** When it happened, by the provider's clock, in epoch milliseconds; undefined when the provider does not say. */
  readonly at: number | undefined
}

/** Something in a delivery that no key can be made for. */
export interface UnkeyedChange {
  /** Why, in one word of ours. */
  readonly reason: string
  /** What stood there, as it was sent. */
  readonly value: unknown
}

/** What `handle` gets of a change without a key, where there is no `onUnkeyed`: at every resend, and never claimed. */
export interface UnkeyedUpdate extends Update {
  readonly kind: 'unkeyed'
}

/** Everything that stood in one delivery: what can be told from its resend by a key, and what cannot. */
export interface SplitDelivery<U extends Update> {
  readonly updates: readonly U[]
  readonly unkeyed: readonly UnkeyedChange[]
}

/** Why a request was turned away; told in the fact `webhook.rejected`. `refused`: a provider used a word of its own. */
export type Rejection =
  | 'bad_json'
  | 'body_consumed'
  | 'body_too_large'
  | 'body_unreadable'
  | 'malformed_signature'
  | 'method'
  | 'missing_signature'
  | 'no_secret'
  | 'not_a_delivery'
  | 'refused'
  | 'wrong_signature'
  | 'wrong_verify_token'

/**
 * What the door needs to know of who sends the deliveries. The fetch handler's further arguments come last, one by one, so
 * that a provider that looks at fewer of them fits.
 */
export interface Provider<U extends Update = Update, Args extends readonly unknown[] = readonly unknown[]> {
  readonly name: string
  /** The largest body the provider sends, in bytes. */
  readonly maxBodyBytes: number
  /** How long the provider waits for an answer, in milliseconds. */
  readonly answerWithinMs: number
  /** How long the provider resends what was not answered with 200, in milliseconds, with a margin. */
  readonly retryHorizonMs: number
  /** Answers a GET; left out when the provider sends none. */
  readonly handshake?: (request: Request, ...args: Args) => Response | Rejection | Promise<Response | Rejection>
  /** Looks at what is there before the body is read, such as a header that is missing; its body may not be touched. */
  readonly precheck?: (request: Request) => Rejection | undefined
  /** Looks at the raw bytes, before anything else does. Nothing but `undefined` lets the delivery in. */
  readonly verify: (
    request: Request,
    body: Uint8Array,
    ...args: Args
  ) => Rejection | undefined | Promise<Rejection | undefined>
  /** Finds every update of a parsed body; undefined when it is no delivery of this provider at all. */
  readonly split: (body: unknown) => SplitDelivery<U> | undefined | Promise<SplitDelivery<U> | undefined>
}
