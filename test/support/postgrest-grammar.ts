/** The conditions of a read: https://docs.postgrest.org/en/v12/references/api/tables_views.html#horizontal-filtering */

const OPERATORS: Readonly<Record<string, string>> = {
  eq: '=',
  neq: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  like: 'like',
  ilike: 'ilike',
  match: '~',
  imatch: '~*',
  cs: '@>',
}

export function identifier(name: string): string {
  if (!/^\w+$/.test(name)) throw new Error(`not a name: ${name}`)
  return `"${name}"`
}

export class Conditions {
  readonly values: unknown[] = []
  readonly #parts: string[] = []

  get where(): string {
    return this.#parts.length === 0 ? '' : ` where ${this.#parts.join(' and ')}`
  }

  /** One parameter of the address: its text is a value as it stands, but for `and` and `or`. */
  add(name: string, text: string): void {
    if (name === 'and' || name === 'or') {
      const scanner = new Scanner(text)
      this.#parts.push(this.#list(scanner, name))
      scanner.end()
      return
    }
    const [, not, operator = '', value = ''] = /^(not\.)?(\w+)\.(.*)$/s.exec(text) ?? []
    const read = operator === 'in' ? new Scanner(value).list() : value
    this.#parts.push(this.#condition({ name, not: not !== undefined, operator }, read))
  }

  #list(scanner: Scanner, joint: 'and' | 'or'): string {
    const parts: string[] = []
    scanner.take('(')
    do parts.push(this.#member(scanner))
    while (scanner.takes(','))
    scanner.take(')')
    return `(${parts.join(` ${joint} `)})`
  }

  #member(scanner: Scanner): string {
    const group = scanner.match(/(not\.)?(and|or)(?=\()/y)
    if (group !== undefined) return `${group[1] === undefined ? '' : 'not '}${this.#list(scanner, group[2] as 'and')}`
    const [, name = '', not, operator = ''] = scanner.match(/(\w+)\.(not\.)?(\w+)\./y) ?? []
    const read = operator === 'in' ? scanner.list() : scanner.value()
    return this.#condition({ name, not: not !== undefined, operator }, read)
  }

  #condition(
    { name, not, operator }: { readonly name: string; readonly not: boolean; readonly operator: string },
    value: string | string[],
  ): string {
    return `${not ? 'not ' : ''}(${identifier(name)} ${this.#rest(operator, value)})`
  }

  #rest(operator: string, value: string | string[]): string {
    if (operator === 'is' && value === 'null') return 'is null'
    if (operator === 'in') return `= any($${this.values.push(value)})`
    const known = OPERATORS[operator]
    if (known === undefined) throw new Error(`not an operator: ${operator}`)
    return `${known} $${this.values.push(known.endsWith('like') ? String(value).replaceAll('*', '%') : value)}`
  }
}

/** Reads what stands between brackets. */
class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text) ?? undefined
    if (found !== undefined) this.#at = pattern.lastIndex
    return found
  }

  takes(character: string): boolean {
    const there = this.#text[this.#at] === character
    if (there) this.#at += 1
    return there
  }

  take(character: string): void {
    if (!this.takes(character)) throw new Error(`"${character}" was expected at ${this.#at} of ${this.#text}`)
  }

  end(): void {
    if (this.#at !== this.#text.length) throw new Error(`more than was expected: ${this.#text.slice(this.#at)}`)
  }

  /** In double quotes, where a backslash takes the meaning from the next; or as it stands up to a comma or a bracket. */
  value(): string {
    const quoted = this.match(/"((?:[^"\\]|\\[^])*)"/y)?.[1]
    return quoted?.replace(/\\([^])/g, '$1') ?? this.match(/[^,)]*/y)?.[0] ?? ''
  }

  list(): string[] {
    const values: string[] = []
    this.take('(')
    do values.push(this.value())
    while (this.takes(','))
    this.take(')')
    return values
  }
}
