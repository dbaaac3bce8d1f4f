/** What must hold between the lines of a family, in both text formats. */
import { boundOf, must, seriesKey, type TextSample } from './text-line.ts'

/** All lines of one metric. */
export interface TextFamily {
  readonly name: string
  readonly type: string
  readonly help: string
  /** OpenMetrics only. */
  readonly unit?: string
  readonly samples: readonly TextSample[]
}

export interface Rules {
  /** What the name of a sample is behind that of its family. */
  suffixes(type: string): readonly string[]
  /** Names that a family keeps from all others, behind its own, whether or not it has such samples. */
  reserved(type: string): readonly string[]
  /** Whether the sum of a histogram is a counter, which has no negative values and may be missing. */
  readonly sumGrows: boolean
}

/** @throws Error that names the family and the rule it breaks */
export function checkFamilies(families: ReadonlyMap<string, TextFamily>, rules: Rules): void {
  const owners = new Map<string, string>()
  for (const family of families.values()) {
    checkFamily(family, rules)
    for (const suffix of new Set([...rules.suffixes(family.type), ...rules.reserved(family.type)])) {
      const sample = family.name + suffix
      must(!owners.has(sample), `${sample} must not belong to two families`)
      owners.set(sample, family.name)
    }
  }
}

function checkFamily({ name, type, help, samples }: TextFamily, rules: Rules): void {
  must(help !== '', `${name} must have a help text`)
  must(samples.length > 0, `${name} must have a sample`)
  for (const sample of samples) checkSample(sample, { name, type, suffixes: rules.suffixes(type) })
  const keys = samples.map((sample) => sample.name + seriesKey(sample.labels))
  must(new Set(keys).size === keys.length, `${name} must not repeat a series`)
  const series = together(name, samples)
  const labelNames = series.map(([sample]) => seriesKey(namesOnly(withoutBound(sample?.labels ?? {}))))
  must(new Set(labelNames).size <= 1, `${name} must have the same labels in all series`)
  if (type === 'histogram') for (const lines of series) checkHistogram(name, lines, rules)
}

function checkSample(sample: TextSample, family: { name: string; type: string; suffixes: readonly string[] }): void {
  const suffix = sample.name.slice(family.name.length)
  const own = sample.name.startsWith(family.name) && family.suffixes.includes(suffix)
  must(own, `${sample.name} must belong to its family ${family.name}`)
  must(Object.hasOwn(sample.labels, 'le') === (suffix === '_bucket'), `${sample.name}: le is for buckets`)
  must(!Object.hasOwn(sample.labels, 'quantile'), `${sample.name}: quantile is for summaries`)
  if (family.type === 'counter') must(sample.value >= 0, `${sample.name} must be a number that is not negative`)
}

/** The lines of each series, which must stand together. */
function together(name: string, samples: readonly TextSample[]): readonly (readonly TextSample[])[] {
  const series = new Map<string, TextSample[]>()
  let last = ''
  for (const sample of samples) {
    const key = seriesKey(withoutBound(sample.labels))
    must(key === last || !series.has(key), `${name}: the lines of a series must stand together`)
    series.set(key, [...(series.get(key) ?? []), sample])
    last = key
  }
  return [...series.values()]
}

function checkHistogram(name: string, samples: readonly TextSample[], { sumGrows }: Rules): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`)
  const bounds = buckets.map(({ labels }) => boundOf(labels['le'] ?? ''))
  must(ascends(bounds, 1), `${name}: le must ascend`)
  must(bounds.at(-1) === Infinity, `${name}: the last bucket must be +Inf`)
  const counts = buckets.map(({ value }) => value)
  must(ascends(counts, 0), `${name}: buckets must add up`)
  must(counts.every((count) => Number.isInteger(count) && count >= 0), `${name}: counts must be whole`) // prettier-ignore
  const tail = samples.filter((sample) => !buckets.includes(sample))
  const [sum, count] = tail
  // A sum that can fall is no counter; there is no count without a sum.
  if (sumGrows && tail.length === 0) return
  const inOrder = tail.length === 2 && sum?.name === `${name}_sum` && count?.name === `${name}_count`
  must(inOrder, `${name} must have one _sum and one _count per series, in this order`)
  must(samples.indexOf(buckets.at(-1) as TextSample) === buckets.length - 1, `${name}: buckets must come first`)
  must(count?.value === counts.at(-1), `${name}: _count must be the last bucket`)
  if (!sumGrows) return
  must((sum?.value ?? NaN) >= 0, `${name}: _sum must not be negative`)
  must(bounds.every((bound) => bound >= 0), `${name}: there is no _sum with bounds below 0`) // prettier-ignore
}

function ascends(numbers: readonly number[], step: 0 | 1): boolean {
  return numbers.every((number, index) => {
    const before = numbers[index - 1] ?? -Infinity
    return step === 0 ? number >= before : number > before
  })
}

function withoutBound(labels: TextSample['labels']): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== 'le'))
}

function namesOnly(labels: TextSample['labels']): Record<string, string> {
  return Object.fromEntries(Object.keys(labels).map((name) => [name, '']))
}
