/**
 * The beginning of a load that its caller runs himself: `begin` of a cache gives it, before anything is loaded, and `set`
 * takes it with the value. So what is loaded while its key or one of its tags is changed, by whomever, is not stored after
 * the change.
 */
export interface LoadStart<V = unknown> {
  /** The fresh value that there was; of two tiers, the one in the store, whatever this process has. */
  readonly value: V | undefined
  /**
   * True when, as far as this process has heard, the key or one of these tags was changed since: what is being loaded may
   * show what was before.
   */
  isOutdated(tags?: readonly string[]): boolean
}
