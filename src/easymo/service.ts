import { chosen, part, textOf } from './options.ts'
import type { Labels } from './dynamic-metrics.ts'
import type { Metrics } from '../metrics/index.ts'

const learned = (): { name?: string } => ({})

/** What the service is called: as it was configured, else by the first who names one; undefined before. */
export function currentService(): string | undefined {
  return chosen('service') ?? textOf(chosen, 'OTEL_SERVICE_NAME') ?? part(learned).name
}

/** Hears what a service calls itself; the first word holds. */
export function nameService(name: unknown): void {
  if (typeof name === 'string' && name !== '') part(learned).name ??= name
}

/**
 * The labels of a recording beside those that every line has: the service's own name stands there already, and another
 * one is called `exported_service`, as Prometheus does.
 *
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config honor_labels
 */
export function labelsBeside({ defaultLabels }: Metrics, labels: Labels | undefined): Labels | undefined {
  const own = defaultLabels['service']
  if (labels === undefined || own === undefined || !Object.hasOwn(labels, 'service')) return labels
  const { service, ...rest } = labels
  return service === own ? rest : { ...rest, exported_service: service }
}
