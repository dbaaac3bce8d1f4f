import type { Metrics, Sample, Source } from './metrics-port.ts'

/**
 * Reads all sources, and groups what they say by metric name. What cannot be shown (a source that throws, a name that is
 * taken, a series that was said before) is dropped and counted, so that one bad source does not cost the whole scrape.
 */
export function readSamples(metrics: Metrics): ReadonlyMap<string, readonly Sample[]> {
  const taken = new Set(Array.from(metrics.families(), ({ name }) => name))
  const groups = new Map<string, Sample[]>()
  const seen = new Set<string>()
  for (const source of metrics.sources())
    for (const sample of samplesOf(metrics, source)) {
      const series = JSON.stringify([sample.name, sample.labels])
      const group = groups.get(sample.name) ?? []
      const fits = group[0] === undefined || group[0].type === sample.type
      if (taken.has(sample.name) || seen.has(series) || !fits) {
        metrics.misuse(sample.name, 'the name is taken by another metric')
        continue
      }
      seen.add(series)
      groups.set(sample.name, group)
      group.push(sample)
    }
  return groups
}

function samplesOf(metrics: Metrics, source: Source): readonly Sample[] {
  try {
    return source.samples()
  } catch {
    metrics.misuse(source.kind, 'its stats could not be read')
    return []
  }
}
