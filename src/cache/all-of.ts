import { detachable } from '../core/single-flight.ts'
import type { GetOrSetOptions } from './types.ts'

/**
 * The values of look-ups that one caller makes together. Its signal is listened to once for all of them: at the eleventh
 * listener Node warns of a leak.
 */
export function allOf<V>(
  options: GetOrSetOptions<V>,
  lookUp: (options: GetOrSetOptions<V>) => readonly Promise<V>[],
): Promise<V[]> {
  const { signal, ...others } = options
  // One that has aborted already is handed down: what is there is given all the same, and no load begins.
  if (signal === undefined || signal.aborted) return Promise.all(lookUp(options))
  return detachable(Promise.all(lookUp(others)), signal)
}
