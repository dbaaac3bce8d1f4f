import type { Clock } from '../core/clock.ts'
import type { Family } from '../core/metrics-port.ts'
import type { SeriesTable, SeriesTableOptions } from './series-table.ts'

/** What an instrument gets from its registry. */
export interface InstrumentContext extends Pick<
  SeriesTableOptions<unknown>,
  'maxSeries' | 'allowDigits' | 'misuse' | 'dropped' | 'redacted' | 'reserved'
> {
  readonly clock: Clock
}

/** One metric, as the registry holds it. */
export interface Instrument {
  /** What the user records into: the only series of a metric without labels, so that nothing stands in between. */
  readonly face: object
  /** What a scrape reads. */
  readonly family: Family
  /** The same metric with more labels. */
  widened(more: readonly string[]): Instrument
}

/** Why a recording is dropped that gives a label to a series, whose labels stand already. */
export const LABEL_TOO_MANY = 'it has no labels, or has them already'

/** Puts a metric together out of its table: what is recorded into when it has labels, and what shows it. */
export function instrumentOf<S extends object>(
  table: SeriesTable<S>,
  labelled: () => object,
  familyOf: (labels: readonly string[]) => Family,
): Instrument {
  return {
    face: table.only ?? labelled(),
    family: familyOf(table.labels),
    widened(more) {
      table.widen(more)
      return instrumentOf(table, labelled, familyOf)
    },
  }
}
