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
  readonly #limits: InFlightLimits
  readonly #flights = new Set<OneFlight>()

  constructor(limits: InFlightLimits) {
    this.#limits = limits
  }

  /** Undefined when it is full. */
  enter(): Flight | undefined {
    const { maxBytes, maxUpdates, clock, longestMs } = this.#limits
    const mortal = promisesDieWithRequests()
    if (mortal) for (const flight of this.#flights) if (flight.until <= clock.elapsed()) flight.leave()
    if (this.#flights.size > 0 && (this.bytes >= maxBytes || this.updates >= maxUpdates)) return undefined
    const flight = new OneFlight(this, mortal ? clock.elapsed() + longestMs : Infinity)
    this.#flights.add(flight)
    return flight
  }

  has(flight: OneFlight): boolean {
    return this.#flights.has(flight)
  }

  fits(bytes: number, updates: number): boolean {
    const { maxBytes, maxUpdates } = this.#limits
    if (this.#flights.size <= 1) return true
    return this.bytes + bytes <= maxBytes && this.updates + updates <= maxUpdates
  }

  delete(flight: OneFlight): boolean {
    return this.#flights.delete(flight)
  }
}

class OneFlight implements Flight {
  readonly until: number
  readonly #of: InFlight
  #bytes = 0
  #updates = 0

  constructor(of: InFlight, until: number) {
    this.#of = of
    this.until = until
  }

  takeBytes(count: number): boolean {
    if (!this.#of.has(this)) return true
    if (!this.#of.fits(count, 0)) return false
    this.#bytes += count
    this.#of.bytes += count
    return true
  }

  takeUpdates(count: number): boolean {
    if (!this.#of.has(this)) return true
    if (!this.#of.fits(0, count)) return false
    this.#updates += count
    this.#of.updates += count
    return true
  }

  leave(): void {
    if (!this.#of.delete(this)) return
    this.#of.bytes -= this.#bytes
    this.#of.updates -= this.#updates
  }
}
