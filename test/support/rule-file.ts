/** One rule of a Prometheus rule file. */
export interface Rule {
  readonly kind: 'alert' | 'record'
  readonly name: string
  readonly expr: string
  /** The lines of the rule as they stand, for what is looked up by text. */
  readonly text: string
}

/** Reads the rules of a file that is written as ours is: one key a line, expressions on one line or in a `|` block. */
export function readRules(yaml: string): Rule[] {
  const blocks = yaml.split(/^ {6}- (?=alert:|record:)/m).slice(1)
  return blocks.map((block) => {
    const [, kind = '', name = ''] = /^(alert|record): (\S+)$/m.exec(block) ?? []
    return { kind: kind === 'alert' ? 'alert' : 'record', name, expr: exprOf(block), text: block }
  })
}

function exprOf(block: string): string {
  const [, first = ''] = /^ {8}expr: (.+)$/m.exec(block) ?? []
  if (first !== '|') return first
  const [, lines = ''] = /^ {8}expr: \|\n((?: {10}.*\n?)+)/m.exec(block) ?? []
  return lines.replaceAll(/^ {10}/gm, '').trim()
}
