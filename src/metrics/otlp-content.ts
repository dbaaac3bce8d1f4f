import type { Family, MetricsView, Sample } from '../core/metrics-port.ts'
import { readSamples } from '../core/metrics-samples.ts'

/** What a push can hold. */
export interface Content {
  readonly families: readonly Family[]
  /** What was collected, by the name of the metric. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>
}

/** Everything that there is to be pushed. */
export function contentOf(metrics: MetricsView): Content {
  // First, because a source that cannot be read is counted in a metric of this very push.
  const samples = readSamples(metrics)
  return { families: [...metrics.families()], samples }
}

const SERVICE = 'service'

/**
 * The sum of many isolates may be that of several services: each of them is a resource of its own. What is of no service
 * comes under undefined. A label that a series does not have is an empty one here, and left out.
 */
export function byService({ families, samples }: Content): ReadonlyMap<string | undefined, Content> {
  const services = new Set<string | undefined>()
  for (const family of families) eachOf(family, (labels) => services.add(labels.get(SERVICE)))
  for (const group of samples.values()) for (const { labels } of group) services.add(new Map(labels).get(SERVICE))
  return new Map(
    Array.from(services, (service) => {
      const own = families.map((family) => only(family, service))
      const theirs = Array.from(
        samples,
        ([name, group]) => [name, group.flatMap((one) => sampleOf(one, service))] as const,
      )
      return [service, { families: own, samples: new Map(theirs) }] as const
    }),
  )
}

/** The labels of each series that has a value. */
function eachOf(family: Family, visit: (labels: ReadonlyMap<string, string>, value: never) => void): void {
  const see = (values: readonly string[], value: unknown): void =>
    visit(new Map(family.labels.flatMap((name, at) => (values[at] === '' ? [] : [[name, values[at] ?? ''] as const]))), value as never) // prettier-ignore
  family.each(see)
}

/** One service's series of a family. */
function only(family: Family, service: string | undefined): Family {
  const at = family.labels.indexOf(SERVICE)
  const labels = family.labels.filter((name) => name !== SERVICE)
  const each = (visit: (values: readonly string[], value: never) => void): void =>
    family.each(((values: readonly string[], value: never) => {
      const own = at === -1 || values[at] === '' ? undefined : values[at]
      if (own === service) visit(values.filter((_, index) => index !== at), value) // prettier-ignore
    }) as never)
  return { ...family, labels, each }
}

function sampleOf(sample: Sample, service: string | undefined): Sample[] {
  const own = new Map(sample.labels)
  if (own.get(SERVICE) !== service) return []
  return [{ ...sample, labels: sample.labels.filter(([name]) => name !== SERVICE) }]
}
