import type { Loader } from './loader.ts'
import type { Slot } from './slot.ts'

/** How many handlers `preload` loads at once, and what ends it sooner. */
export interface PreloadOptions {
  /** So many loads at the same time. @defaultValue 2 */
  readonly concurrency?: number
  /** Ends the waiting at once, and starts no further load; loads under way go on. */
  readonly signal?: AbortSignal
}

/** Loads all slots, a few at a time; one that fails does not stop the others, and the first failure is thrown at the end. */
export async function preloadSlots(
  slots: readonly Slot[],
  load: Loader,
  { concurrency, signal }: { readonly concurrency: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const waiting = [...slots]
  const errors: unknown[] = []
  const worker = async (): Promise<void> => {
    for (let slot = waiting.shift(); slot !== undefined; slot = waiting.shift()) {
      signal?.throwIfAborted()
      await load(slot, signal).catch((error: unknown) => errors.push(error))
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, waiting.length) }, worker))
  signal?.throwIfAborted()
  if (errors.length > 0) throw errors[0]
}
