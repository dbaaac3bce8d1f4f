/** A strict reader of Prometheus' text format 0.0.4: stricter than promtool, which lets broken histograms pass. */
import { must, nameAt, sampleOf, seriesKey, unescaped, type TextSample } from './text-line.ts'
import { checkFamilies, type Rules, type TextFamily } from './text-rules.ts'

export type { TextFamily, TextSample }

const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped'])

const RULES: Rules = {
  suffixes: (type) => (type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']),
  // This format keeps none back.
  reserved: () => [],
  sumGrows: false,
}

/**
 * Reads a scrape.
 *
 * @throws Error that names the line and the rule it breaks
 */
export function parsePrometheusText(text: string): ReadonlyMap<string, TextFamily> {
  must(text === '' || text.endsWith('\n'), 'the last line must end in LF')
  const families = new Map<string, TextFamily & { readonly samples: TextSample[] }>()
  let open: TextSample[] | undefined
  let help: { name: string; text: string } | undefined
  for (const line of text.split('\n').slice(0, -1))
    if (line.startsWith('# HELP ')) {
      const name = nameAt(line.slice(7))
      must(!families.has(name), `a family must stand together and once: ${line}`)
      help = { name, text: unescaped(line.slice(8 + name.length), /\\(\\|n)/g) }
      open = undefined
    } else if (line.startsWith('# TYPE ')) {
      const [, , name = '', type = ''] = line.split(' ')
      must(TYPES.has(type), `a type must be known: ${line}`)
      must(!families.has(name), `a family must stand together and once: ${line}`)
      must(help?.name === name, `HELP must stand before TYPE: ${line}`)
      open = []
      families.set(name, { name, type, help: help?.text ?? '', samples: open })
    } else {
      must(open !== undefined, `a sample must follow its TYPE: ${line}`)
      open?.push(sampleOf(line))
    }
  checkFamilies(families, RULES)
  return families
}

/** The value of one series; `undefined` when it is not there. */
export function valueOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const samples = [...parsePrometheusText(text).values()].flatMap((family) => family.samples)
  return samples.find((sample) => sample.name === name && seriesKey(sample.labels) === seriesKey(labels))?.value
}
