import { isText } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import type { Metrics } from '../core/metrics-port.ts'
import { checkLabelNames } from './definition.ts'
import { internalsOf } from './internals.ts'

/**
 * Adds labels to a metric that is defined and may be in use: for whoever learns of labels only as they come. What was
 * recorded before has the new labels empty, which is the same to Prometheus as not having them, so that no series ends.
 * Handles that were kept stay good; recordings by values need one for each new label from now on, by what the registry
 * gives for the new definition.
 *
 * To a store, and so to `aggregate`, it is another metric from then on, which is told whole.
 *
 * @param labels - their names, behind those there are; none that the metric has
 * @throws OptionError `ERR_PERF_OPTION` for a metric that is not defined, and for a label that no metric may have
 *
 * @example
 * widen(metrics, 'sent_total', ['country'])
 * metrics.counter('sent_total', { help: 'Sent', labels: ['kind', 'country'] }).inc('text', 'rw')
 */
export function widen(metrics: Metrics, name: string, labels: readonly string[]): void {
  isText('name', name)
  checkLabelNames(name, labels)
  const internals = internalsOf(metrics)
  if (internals === undefined) throw new OptionError('metrics must be made by createMetrics')
  internals.widen(name, labels)
}
