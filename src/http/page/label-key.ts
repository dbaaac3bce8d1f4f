/** A key of the metrics document, taken apart: `name{a="x",b="y"}`. */
export interface LabelKey {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
}

/** One label with its escaped value; the comma belongs to the next one. */
const LABEL = /\b(\w+)="((?:[^"\\]|\\.)*)"/gs

/** Reads a key: in a value, `\\`, `\"` and `\n` stand for a backslash, a quote and the end of a line. */
export function parseKey(key: string): LabelKey {
  const brace = key.indexOf('{')
  if (brace === -1) return { name: key, labels: new Map() }
  const labels = new Map<string, string>()
  for (const [, name = '', value = ''] of key.slice(brace).matchAll(LABEL))
    labels.set(
      name,
      value.replace(/\\(.)/gs, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
    )
  return { name: key.slice(0, brace), labels }
}
