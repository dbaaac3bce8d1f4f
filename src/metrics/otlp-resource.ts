import type { MetricsView } from '../core/metrics-port.ts'
import { pairsOf } from './otlp-target.ts'

/** Who pushes, in the words of the caller and of the environment. */
export interface Named {
  readonly serviceName: string | undefined
  readonly instance: string | undefined
  readonly find: (name: string) => string | undefined
}

/** Who pushes, as attributes of a resource. */
export interface Resource {
  /** The service that somebody named; undefined when that is left to the metrics. */
  readonly serviceName: string | undefined
  /** The attributes of the resource; `service` names it where nobody else did. */
  attributes(service: string | undefined): Map<string, string>
}

/** @param ownInstance - an id for whom nobody has named. @throws OptionError `ERR_PERF_OPTION` for a malformed variable */
export function resourceOf({ defaultLabels }: MetricsView, named: Named, ownInstance: string | undefined): Resource {
  const { find } = named
  const variable = 'OTEL_RESOURCE_ATTRIBUTES'
  const ofVariable: Readonly<Record<string, string>> = pairsOf(variable, find(variable))
  const serviceName = named.serviceName ?? find('OTEL_SERVICE_NAME') ?? ofVariable['service.name']
  return {
    serviceName,
    attributes: (service) => {
      // What comes later wins.
      const all: Readonly<Record<string, string | undefined>> = {
        ...(service !== undefined && { service }),
        ...defaultLabels,
        ...ofVariable,
        'service.name': serviceName ?? service ?? defaultLabels['service'] ?? 'unknown_service',
        'service.instance.id': named.instance ?? ofVariable['service.instance.id'] ?? defaultLabels['service.instance.id'] ?? ownInstance, // prettier-ignore
        'telemetry.sdk.name': '@easymo/perf',
        'telemetry.sdk.language': isNodeLike() ? 'nodejs' : 'webjs',
      }
      return new Map(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
    },
  }
}

/** The two words that the conventions have for JavaScript. */
function isNodeLike(): boolean {
  return (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined
}
