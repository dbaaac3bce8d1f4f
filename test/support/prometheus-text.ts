/** A strict reader of Prometheus' text format 0.0.4: stricter than promtool, which lets broken histograms pass. */

/** One line with a value. */
export interface TextSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** All lines of one metric. */
export interface TextFamily {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: readonly TextSample[]
}

interface OpenFamily extends TextFamily {
  readonly samples: TextSample[]
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped'])

/**
 * Reads a scrape.
 *
 * @throws Error that names the line and the rule it breaks
 */
export function parsePrometheusText(text: string): ReadonlyMap<string, TextFamily> {
  must(text === '' || text.endsWith('\n'), 'the last line must end in LF')
  must(!text.includes('\r\n'), 'lines must end in LF alone')
  const families = new Map<string, OpenFamily>()
  const lines = text.split('\n').slice(0, -1)
  let open: OpenFamily | undefined
  let help: { name: string; text: string } | undefined
  for (const line of lines) {
    if (line.startsWith('# HELP ')) {
      const name = NAME.exec(line.slice(7))?.[0] ?? ''
      help = { name, text: unescaped(line.slice(8 + name.length), /\\(\\|n)/g) }
    } else if (line.startsWith('# TYPE ')) {
      const [, , name = '', type = ''] = line.split(' ')
      must(TYPES.has(type), `a type must be known: ${line}`)
      must(!families.has(name), `a family must stand together and once: ${line}`)
      must(help?.name === name, `HELP must stand before TYPE: ${line}`)
      open = { name, type, help: help?.text ?? '', samples: [] }
      families.set(name, open)
    } else {
      must(open !== undefined, `a sample must follow its TYPE: ${line}`)
      open?.samples.push(sampleOf(line, open))
    }
  }
  for (const family of families.values()) checkFamily(family)
  return families
}

/** The value of one series; `undefined` when it is not there. */
export function valueOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const samples = [...parsePrometheusText(text).values()].flatMap((family) => family.samples)
  return samples.find((sample) => sample.name === name && seriesKey(sample.labels) === seriesKey(labels))?.value
}

function sampleOf(line: string, family: TextFamily): TextSample {
  const name = NAME.exec(line)?.[0] ?? ''
  const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
  must(
    suffixes.some((suffix) => name === family.name + suffix),
    `a sample must belong to its family: ${line}`,
  )
  const { labels, rest } = labelsOf(line.slice(name.length), line)
  must(/^ \S+$/.test(rest), `one blank and one value must follow: ${line}`)
  return { name, labels, value: numberOf(rest.slice(1), line) }
}

function labelsOf(text: string, line: string): { labels: Record<string, string>; rest: string } {
  if (!text.startsWith('{')) return { labels: {}, rest: text }
  const labels = new Map<string, string>()
  let rest = text.slice(1)
  while (!rest.startsWith('}')) {
    const [whole, name = '', value = ''] = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)",?/.exec(rest) ?? []
    must(whole !== undefined, `labels must be well-formed: ${line}`)
    must(!labels.has(name), `a label must stand once: ${line}`)
    must(!/\p{Surrogate}/u.test(value), `a label value must be writable as UTF-8: ${line}`)
    labels.set(name, unescaped(value, /\\(\\|n|")/g))
    rest = rest.slice(whole?.length ?? 0)
  }
  return { labels: Object.fromEntries(labels), rest: rest.slice(1) }
}

function unescaped(text: string, escapes: RegExp): string {
  return text.replace(escapes, (_, sign: string) => (sign === 'n' ? '\n' : sign))
}

function numberOf(text: string, line: string): number {
  if (text === '+Inf') return Infinity
  if (text === '-Inf') return -Infinity
  must(text === 'NaN' || /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text), `a value must be a number: ${line}`)
  return Number(text)
}

function checkFamily({ name, type, help, samples }: TextFamily): void {
  must(help !== '', `${name} must have a help text`)
  must(samples.length > 0, `${name} must have a sample`)
  const keys = samples.map((sample) => sample.name + seriesKey(sample.labels))
  must(new Set(keys).size === keys.length, `${name} must not repeat a series`)
  if (type === 'counter') must(samples.every(({ value }) => value >= 0), `${name} must not be negative`) // prettier-ignore
  if (type === 'histogram') for (const series of bySeries(samples).values()) checkHistogram(name, series)
}

function bySeries(samples: readonly TextSample[]): Map<string, TextSample[]> {
  const series = new Map<string, TextSample[]>()
  for (const sample of samples) {
    const key = seriesKey(Object.fromEntries(Object.entries(sample.labels).filter(([name]) => name !== 'le')))
    series.set(key, [...(series.get(key) ?? []), sample])
  }
  return series
}

function checkHistogram(name: string, samples: readonly TextSample[]): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`)
  const bounds = buckets.map(({ labels }) => numberOf(labels['le'] ?? '', name))
  must(bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? NaN)), `${name}: le must ascend`) // prettier-ignore
  must(bounds.at(-1) === Infinity, `${name}: the last bucket must be +Inf`)
  const counts = buckets.map(({ value }) => value)
  must(counts.every((count, index) => index === 0 || count >= (counts[index - 1] ?? NaN)), `${name}: buckets must add up`) // prettier-ignore
  const one = (suffix: string): number | undefined => {
    const found = samples.filter((sample) => sample.name === name + suffix)
    must(found.length === 1, `${name} must have one ${suffix} per series`)
    return found[0]?.value
  }
  must(one('_count') === counts.at(-1), `${name}: _count must be the last bucket`)
  one('_sum')
}

function seriesKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function must(condition: boolean, rule: string): void {
  if (!condition) throw new Error(rule)
}
