import type { Clock } from './clock.ts'
import { promisesDieWithRequests } from './platform.ts'

/** What may be in flight at once, in this process. */
export interface InFlightLimits {
  readonly maxBytes: number
  readonly maxUpdates: number
  readonly clock: Clock
  /** Nothing is in flight for longer: on Workers what is older belongs to a request that has ended. */
  readonly longestMs: number
}

/** What one delivery has in flight, until it leaves. */
export interface Flight {
  /** False when there is no room for so many bytes more: they are not counted, and the delivery is to be shed. */
  takeBytes(count: number): boolean
  /** The same for updates. */
  takeUpdates(count: number): boolean
  leave(): void
}

/**
 * Sheds load before it takes memory. What came first is let in whatever its size: when nothing is in flight, there is
 * room for anything.
 */
export class InFlight {
  bytes = 0
  updates = 0
  count = 0
  readonly #limits: InFlightLimits
  /** On Workers alone, where one may never leave. */
  readonly #mortal = new Set<OneFlight>()

  constructor(limits: InFlightLimits) {
    this.#limits = limits
  }

  /** Undefined when it is full. */
  enter(): Flight | undefined {
    const { maxBytes, maxUpdates } = this.#limits
    const mortal = promisesDieWithRequests()
    if (mortal) this.#forgetDead()
    if (this.count > 0 && (this.bytes >= maxBytes || this.updates >= maxUpdates)) return undefined
    this.count += 1
    const flight = new OneFlight(this, mortal ? this.#limits.clock.elapsed() : 0)
    if (mortal) this.#mortal.add(flight)
    return flight
  }

  fits(bytes: number, updates: number): boolean {
    const { maxBytes, maxUpdates } = this.#limits
    return this.count <= 1 || (this.bytes + bytes <= maxBytes && this.updates + updates <= maxUpdates)
  }

  forget(flight: OneFlight): void {
    this.count -= 1
    if (this.#mortal.size > 0) this.#mortal.delete(flight)
  }

  #forgetDead(): void {
    const { clock, longestMs } = this.#limits
    for (const flight of this.#mortal) if (clock.elapsed() - flight.since >= longestMs) flight.leave()
  }
}

class OneFlight implements Flight {
  readonly since: number
  readonly #of: InFlight
  #bytes = 0
  #updates = 0
  #left = false

  constructor(of: InFlight, since: number) {
    this.#of = of
    this.since = since
  }

  takeBytes(count: number): boolean {
    if (this.#left) return true
    if (!this.#of.fits(count, 0)) return false
    this.#bytes += count
    this.#of.bytes += count
    return true
  }

  takeUpdates(count: number): boolean {
    if (this.#left) return true
    if (!this.#of.fits(0, count)) return false
    this.#updates += count
    this.#of.updates += count
    return true
  }

  leave(): void {
    if (this.#left) return
    this.#left = true
    this.#of.forget(this)
    this.#of.bytes -= this.#bytes
    this.#of.updates -= this.#updates
  }
}
