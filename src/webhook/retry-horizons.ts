const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/**
 * How long providers go on resending a delivery that was not answered with success, in milliseconds, with a margin: the
 * `retryHorizonMs` of a {@link Provider}, and the least that a dedup should remember.
 *
 * | provider | what it says |
 * |---|---|
 * | `whatsapp` | 7 days, with decreasing frequency: Meta, *Create a webhook endpoint* |
 * | `stripe` | 3 days, with exponential back-off: Stripe, *Receive Stripe events in your webhook endpoint* |
 * | `terra` | about 24 hours, in 8 tries: Terra, *Retry policy and redelivery* |
 * | `shopify` | 4 hours, in 8 tries: Shopify, change log of 10 September 2024 |
 * | `slack` | 3 tries, the last one after about 6 minutes: Slack, *Events API* |
 * | `github` | none by itself; redelivery on demand for 3 days: GitHub, *Redelivering webhooks* |
 */
export const retryHorizons: Readonly<Record<'whatsapp' | 'stripe' | 'terra' | 'shopify' | 'slack' | 'github', number>> =
  {
    whatsapp: 8 * DAY_MS,
    stripe: 4 * DAY_MS,
    terra: 30 * HOUR_MS,
    shopify: 5 * HOUR_MS,
    slack: 10 * MINUTE_MS,
    github: 4 * DAY_MS,
  }
