/** A strict reader of the text format of OpenMetrics 1.0: stricter than Prometheus, which lets much pass. */
import { must, nameAt, sampleOf, unescaped, type TextSample } from './text-line.ts'
import { checkFamilies, type Rules, type TextFamily } from './text-rules.ts'

const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'unknown'])

const RULES: Rules = {
  suffixes: (type) => (type === 'histogram' ? ['_bucket', '_sum', '_count'] : type === 'counter' ? ['_total'] : ['']),
  // https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md#suffixes
  reserved: (type) =>
    type === 'histogram' ? ['', '_bucket', '_sum', '_count', '_created'] : type === 'counter' ? ['', '_total', '_created'] : [''], // prettier-ignore
  sumGrows: true,
}

/** The lines above the samples of a family, in the order in which they must stand. */
const HEAD = ['TYPE', 'UNIT', 'HELP']

interface OpenFamily {
  readonly name: string
  readonly samples: TextSample[]
  type: string
  help: string
  unit?: string
}

/**
 * Reads a scrape.
 *
 * @throws Error that names the line and the rule it breaks
 */
export function parseOpenMetricsText(text: string): ReadonlyMap<string, TextFamily> {
  must(/(?:^|\n)# EOF\n$/.test(text), 'the last line must be # EOF and end in LF')
  const families = new Map<string, OpenFamily>()
  let open: OpenFamily | undefined
  let step = 0
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1))
    if (line.startsWith('#')) {
      const [sign, what = ''] = line.split(' ', 2)
      const next = HEAD.indexOf(what)
      must(sign === '#' && next !== -1, `a line that begins with # must be TYPE, UNIT or HELP: ${line}`)
      if (next === 0) open = begun(line, families)
      else must(open?.samples.length === 0 && next > step, `TYPE, UNIT, HELP must stand in this order: ${line}`)
      if (next > 0 && open !== undefined) describe(open, line)
      step = next
    } else {
      must(open !== undefined, `a sample must follow its TYPE: ${line}`)
      open?.samples.push(sampleOf(line))
    }
  checkFamilies(families, RULES)
  return families
}

function begun(line: string, families: Map<string, OpenFamily>): OpenFamily {
  const [, , name = '', type = ''] = line.split(' ')
  must(TYPES.has(type), `a type must be known: ${line}`)
  must(!families.has(name), `a family must stand together and once: ${line}`)
  must(type !== 'counter' || !name.endsWith('_total'), `a counter's family must not be called _total: ${line}`)
  const family: OpenFamily = { name, type, help: '', samples: [] }
  families.set(name, family)
  return family
}

/** Takes in a line of UNIT or HELP. */
function describe(family: OpenFamily, line: string): void {
  const what = line.slice(2, 6)
  const name = nameAt(line.slice(7))
  const text = line.slice(8 + name.length)
  must(name === family.name, `${what} must be of the family above: ${line}`)
  if (what === 'UNIT') {
    must(name.endsWith(`_${text}`), `a unit must be what the name ends in: ${line}`)
    family.unit = text
    return
  }
  must(/^(?:[^"\\]|\\["\\n])*$/.test(text), `a help must be escaped: ${line}`)
  family.help = unescaped(text, /\\(\\|n|")/g)
}
