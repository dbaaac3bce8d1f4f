/**
 * True on Cloudflare Workers, where a promise, a timer or a socket belongs to the request that made it, and ends with it.
 * Asked when it matters, not at import.
 */
export function promisesDieWithRequests(): boolean {
  return (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent === 'Cloudflare-Workers'
}
