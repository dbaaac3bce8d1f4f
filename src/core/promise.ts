/** True for what can be awaited to some effect: a promise of this or of another realm, or what behaves like one. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
