/** What a dictionary has under a name: its value as it is written, '' for true; parameters are left out. */
export type Dictionary = ReadonlyMap<string, string>

const KEY = /[a-z*][a-z0-9_.*-]*/y
const NUMBER = /-?\d{1,12}\.\d{1,3}(?![\d.])|-?\d{1,15}(?![\d.])/y
const TOKEN = /[a-z*][\w!#$%&'*+.^`|~:/-]*/iy
const STRING = /"(?:[ !#-[\]-~]|\\["\\])*"/y
const DISPLAY_STRING = /%"(?:[ !#$&-~]|%[0-9a-f]{2})*"/y
const BYTES = /:[a-z0-9+/=]*:/iy
const DATE = /@-?\d{1,15}(?![\d.])/y
const BOOLEAN = /\?[01]/y
const ITEMS: readonly RegExp[] = [NUMBER, TOKEN, STRING, DISPLAY_STRING, BYTES, DATE, BOOLEAN]

/**
 * Reads a dictionary of structured fields (RFC 9651, section 4.2.2); `undefined` when it is none as a whole, which is what a
 * single wrong character makes of it. Of a name that comes twice the last counts.
 */
export function parseDictionary(field: string): Dictionary | undefined {
  try {
    return new Reader(field).dictionary()
  } catch {
    return undefined
  }
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    // Blanks, and no tabs, may stand before and after it.
    this.#text = text.replace(/^ +/, '').replace(/(?<! ) +$/, '')
  }

  dictionary(): Dictionary {
    const members = new Map<string, string>()
    while (this.#at < this.#text.length) {
      const key = this.#expect(KEY)
      const value = this.#take('=') ? this.#member() : '?1'
      this.#parameters()
      // Out first, so that it stands where it came last.
      members.delete(key)
      // What is said not to be so is not there.
      if (value !== '?0') members.set(key, value === '?1' ? '' : value)
      if (!this.#comma()) break
    }
    if (this.#at < this.#text.length) throw new SyntaxError('no dictionary')
    return members
  }

  /** Steps over a comma; one at the end is wrong. */
  #comma(): boolean {
    this.#skip(' \t')
    if (!this.#take(',')) return false
    this.#skip(' \t')
    if (this.#at === this.#text.length) throw new SyntaxError('a comma at the end')
    return true
  }

  #member(): string {
    const start = this.#at
    if (!this.#take('(')) return this.#item()
    this.#skip(' ')
    while (!this.#take(')')) {
      this.#item()
      this.#parameters()
      const before = this.#at
      this.#skip(' ')
      if (this.#at === before && this.#text[this.#at] !== ')') throw new SyntaxError('no list')
    }
    return this.#text.slice(start, this.#at)
  }

  #item(): string {
    for (const kind of ITEMS) {
      const found = this.#match(kind)
      if (found !== undefined) return found
    }
    throw new SyntaxError('no item')
  }

  #parameters(): void {
    while (this.#take(';')) {
      this.#skip(' ')
      this.#expect(KEY)
      if (this.#take('=')) this.#item()
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  #skip(characters: string): void {
    while (this.#at < this.#text.length && characters.includes(this.#text[this.#at] as string)) this.#at += 1
  }

  #expect(pattern: RegExp): string {
    const found = this.#match(pattern)
    if (found === undefined) throw new SyntaxError('no name')
    return found
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const [found] = pattern.exec(this.#text) ?? []
    if (found !== undefined) this.#at += found.length
    return found
  }
}
