/**
 * What the page asks of the browser's clock. The page is a program of its own, which runs in a browser and has no host:
 * this is the one file of it that names the browser's clock and timers.
 */

/** Milliseconds of a clock that nobody sets. */
export function elapsed(): number {
  return window.performance.now()
}

/** Runs `work` after `ms`; the function given back calls it off. */
export function after(ms: number, work: () => void): () => void {
  const id = window.setTimeout(work, ms)
  return () => window.clearTimeout(id)
}

/** Runs `work` every `ms`, for as long as the page is open. */
export function every(ms: number, work: () => void): void {
  window.setInterval(work, ms)
}

/** Epoch milliseconds of an ISO 8601 timestamp. */
export function epochOf(timestamp: string): number {
  return window.Date.parse(timestamp)
}
