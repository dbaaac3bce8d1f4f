import type { Clock } from '../core/clock.ts'
import type { Metrics, MetricsView, Source } from '../core/metrics-port.ts'
import { recentHistograms } from '../core/recent-histograms.ts'
import { InFlight, type Open } from './in-flight.ts'
import { RequestRecorder, type AnsweredRequest } from './request-recorder.ts'
import { RequestWindow, type RecentRequests } from './request-window.ts'

/**
 * All that is known of the requests of a registry: its counters, what the last five minutes saw, and what is in flight.
 * There is one, whoever measures; so whatever is recorded is in all of them.
 */
export class RequestMeter implements Source {
  readonly kind = 'http'
  readonly name = 'requests'
  readonly inFlight: InFlight = new InFlight()
  readonly #clock: Clock
  readonly #recorder: RequestRecorder
  readonly #window: RequestWindow

  private constructor(metrics: Metrics, clock: Clock) {
    this.#clock = clock
    this.#recorder = new RequestRecorder(metrics)
    this.#window = new RequestWindow(metrics, clock, () => recentHistograms(metrics).mark(metrics))
  }

  /** The one of a registry, made when there is none. */
  static of(metrics: Metrics, clock: Clock = metrics.clock): RequestMeter {
    const known = RequestMeter.known(metrics)
    if (known !== undefined) return known
    const meter = new RequestMeter(metrics, clock)
    metrics.addSource(meter)
    return meter
  }

  static known(metrics: MetricsView): RequestMeter | undefined {
    return metrics.sources().find((source) => source instanceof RequestMeter)
  }

  /** Makes the series of these routes, and keeps places for them. */
  declare(routes: readonly string[]): void {
    this.#recorder.declare(routes)
  }

  /** Records one that ended at `atMs` of the clock's `elapsed()`. */
  record(request: AnsweredRequest, atMs: number): void {
    this.#window.rotate(atMs)
    this.#recorder.record(request, atMs)
    this.#window.add(request.status, request.latencyMs)
  }

  read(): RecentRequests {
    return this.#window.read()
  }

  /** Requests that have been in flight for so long. */
  open(olderThanMs?: number): Open {
    return this.inFlight.open(this.#clock.elapsed(), olderThanMs)
  }

  /** The window is shown by the health endpoint alone: the metrics have the same as counters. */
  samples(): readonly [] {
    return []
  }
}
