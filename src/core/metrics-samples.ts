import type { MetricsView, Sample, Source } from './metrics-port.ts'

const NAME = /^[a-z_]\w*$/i

/**
 * Reads all sources, and groups what they say by metric name. What cannot be shown (a source that throws, a name that is
 * taken or none, a series that was said before) is dropped and counted, so that one bad source does not cost the whole
 * scrape.
 */
export function readSamples(metrics: MetricsView): ReadonlyMap<string, readonly Sample[]> {
  const taken = namesOf(metrics)
  const groups = new Map<string, Sample[]>()
  const seen = new Set<string>()
  for (const source of metrics.sources())
    for (const sample of samplesOf(metrics, source)) {
      const series = JSON.stringify([sample.name, [...sample.labels].sort()])
      const group = groups.get(sample.name) ?? []
      const fits = group[0] === undefined || group[0].type === sample.type
      if (taken.has(sample.name) || seen.has(series) || !fits || !showable(sample, metrics)) {
        metrics.misuse(sample.name, 'the name is taken by another metric, or it cannot be shown')
        continue
      }
      seen.add(series)
      groups.set(sample.name, group)
      group.push(sample)
    }
  return groups
}

/** The names of the registry's own samples. */
function namesOf(metrics: MetricsView): ReadonlySet<string> {
  const suffixes = ['', '_bucket', '_sum', '_count']
  const all = Array.from(metrics.families(), ({ type, name }) =>
    type === 'histogram' ? suffixes.map((suffix) => name + suffix) : [name],
  )
  return new Set(all.flat())
}

function samplesOf(metrics: MetricsView, source: Source): readonly Sample[] {
  try {
    return source.samples()
  } catch {
    metrics.misuse(source.kind, 'its stats could not be read')
    return []
  }
}

/** Whether a reader of the text would take the line; a bad one costs it the whole scrape. */
function showable({ type, name, labels, value }: Sample, { defaultLabels }: MetricsView): boolean {
  const names = labels.map(([label]) => label)
  const labelsFit = names.every(
    (label, index) => NAME.test(label) && !Object.hasOwn(defaultLabels, label) && names.indexOf(label) === index,
  )
  return NAME.test(name) && labelsFit && (type === 'gauge' || value >= 0)
}
