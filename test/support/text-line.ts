/** The lines of a scrape, read strictly: what both text formats have in common. */

/** One line with a value. */
export interface TextSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const METRIC_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*/
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/
const NUMBER = /^(?:NaN|[+-]Inf|[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i
/** Go's shortest spelling, with `.0` behind whole numbers. */
const CANONICAL = /^(?:\+Inf|-?(?:0|[1-9]\d{0,5})\.\d+|-?[1-9](?:\.\d+)?e[+-]\d{2,})$/

/** @throws Error with the rule, unless it is kept */
export function must(kept: boolean, rule: string): void {
  if (!kept) throw new Error(rule)
}

/** The name at the beginning; empty when there is none. */
export function nameAt(text: string): string {
  return METRIC_NAME.exec(text)?.[0] ?? ''
}

/** Reads `name{label="value"} 1`. No time and no exemplar may follow, because we write none. */
export function sampleOf(line: string): TextSample {
  const name = nameAt(line)
  must(name !== '', `a line must begin with a name: ${line}`)
  const { labels, rest } = labelsOf(line.slice(name.length), line)
  must(/^ \S+$/.test(rest), `one blank and one value must follow: ${line}`)
  return { name, labels, value: numberOf(rest.slice(1)) }
}

function labelsOf(text: string, line: string): { labels: Record<string, string>; rest: string } {
  if (!text.startsWith('{')) return { labels: {}, rest: text }
  const labels = new Map<string, string>()
  let rest = text
  while (rest.startsWith(labels.size === 0 ? '{' : ',')) {
    const [whole = '', name = '', value = ''] = LABEL.exec(rest.slice(1)) ?? []
    must(whole !== '', `labels must be well-formed: ${line}`)
    must(!labels.has(name), `a label must stand once: ${line}`)
    must(!name.startsWith('__'), `a label must not begin with __: ${line}`)
    must(!/\p{Surrogate}/u.test(value), `a label value must be writable as UTF-8: ${line}`)
    labels.set(name, unescaped(value, /\\(\\|n|")/g))
    rest = rest.slice(1 + whole.length)
  }
  must(rest.startsWith('}'), `labels must be well-formed: ${line}`)
  return { labels: Object.fromEntries(labels), rest: rest.slice(1) }
}

/** Undoes `escapes`, whose first group is what was escaped. */
export function unescaped(text: string, escapes: RegExp): string {
  return text.replace(escapes, (_, sign: string) => (sign === 'n' ? '\n' : sign))
}

function numberOf(text: string): number {
  must(NUMBER.test(text), `a value must be a number: ${text}`)
  return Number(text.replace(/inf/i, 'Infinity'))
}

/** The bound of a bucket: one spelling for each number, because another one is another series. */
export function boundOf(text: string): number {
  must(CANONICAL.test(text), `le must be spelled canonically: ${text}`)
  return numberOf(text)
}

/** The same for the same labels in any order. */
export function seriesKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}
