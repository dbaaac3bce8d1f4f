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
      if (!showable(sample, metrics)) {
        metrics.misuse(source.kind, 'a sample cannot be shown')
        continue
      }
      const series = JSON.stringify([sample.name, [...sample.labels].sort()])
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

/** The names of the registry's own samples. */
function namesOf(metrics: MetricsView): ReadonlySet<string> {
  const suffixes = ['', '_bucket', '_sum', '_count', '_created']
  const all = Array.from(metrics.families(), ({ type, name }) =>
    type === 'histogram' ? suffixes.map((suffix) => name + suffix) : [name],
  )
  return new Set(all.flat())
}

function samplesOf(metrics: MetricsView, source: Source): readonly Sample[] {
  try {
    // Spread here, so that what is no list fails here, too.
    return [...source.samples()]
  } catch {
    metrics.misuse(source.kind, 'its stats could not be read')
    return []
  }
}

/** Whether a reader of the text would take the line; a bad one costs it the whole scrape. JavaScript may give anything. */
function showable(sample: unknown, { defaultLabels }: MetricsView): sample is Sample {
  const { type, name, help, labels, value } = (sample ?? {}) as Readonly<Record<keyof Sample, unknown>>
  if (!isName(name) || typeof help !== 'string' || !Array.isArray(labels) || typeof value !== 'number') return false
  const names = labels.map((label: unknown) => (Array.isArray(label) ? (label[0] as unknown) : undefined))
  const labelsFit = labels.every(
    (label: unknown, index) =>
      isName(names[index]) &&
      typeof (label as readonly unknown[])[1] === 'string' &&
      !Object.hasOwn(defaultLabels, names[index]) &&
      names.indexOf(names[index]) === index,
  )
  return labelsFit && (type === 'gauge' || (type === 'counter' && value >= 0))
}

const isName = (name: unknown): name is string => typeof name === 'string' && NAME.test(name)
