import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** A regular expression as it stands in a file. */
export interface Expression {
  readonly file: string
  /** As written; `undefined` when it is put together while the program runs, so that nobody can try it here. */
  readonly expression: RegExp | undefined
}

/** Every regular expression of the source below a folder, tests left out. */
export function expressionsBelow(folder: string): readonly Expression[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isSource)
  return files.flatMap((file) => {
    const found: Expression[] = []
    const visit = (node: ts.Node): void => {
      const expression = expressionAt(node)
      if (expression !== undefined) found.push({ file, ...expression })
      ts.forEachChild(node, visit)
    }
    visit(ts.createSourceFile(file, readFileSync(join(folder, file), 'utf8'), ts.ScriptTarget.Latest, true))
    return found
  })
}

function isSource(file: string): boolean {
  return file.endsWith('.ts') && !file.includes('.test')
}

function expressionAt(node: ts.Node): Omit<Expression, 'file'> | undefined {
  if (ts.isRegularExpressionLiteral(node)) {
    const end = node.text.lastIndexOf('/')
    return { expression: new RegExp(node.text.slice(1, end), node.text.slice(end + 1)) }
  }
  if (!(ts.isNewExpression(node) || ts.isCallExpression(node)) || node.expression.getText() !== 'RegExp')
    return undefined
  const [source, flags] = node.arguments ?? []
  const isWritten = source !== undefined && ts.isStringLiteralLike(source)
  const flagsOf = flags !== undefined && ts.isStringLiteralLike(flags) ? flags.text : ''
  return { expression: isWritten ? new RegExp(source.text, flagsOf) : undefined }
}

/** Tells what an expression repeats without bound, and after which text. */
interface Repeat {
  readonly after: string
  /** One text that it repeats, or several for a single character. */
  readonly bodies: readonly string[]
}

const USUAL = [...' \t\n\0aA0_-é٣\ufffd"\\']
const SUFFIXES = ['', '\n', '\u0001', '!\n']

/**
 * Texts that an expression may take long for: runs of every character that it knows, and texts that it matches up to
 * one of its repetitions, with a long run there and an end that does not fit.
 */
export function* attacksOn(expression: RegExp, length: number): Iterable<string> {
  const known = [...new Set([...USUAL, ...expression.source])]
  const units = new Map<string, readonly [before: string, unit: string]>()
  const add = (before: string, unit: string): unknown => units.set(`${before}\0${unit}`, [before, unit])
  const attack = (after: string, body: string): void => {
    add(after, body)
    add('', after + body)
    // Not at the beginning: another branch may take the run there.
    add(`!${after}`, body)
  }
  for (const one of known) attack('', one)
  for (const { after, bodies } of repeatsOf(expression, known)) for (const body of bodies) attack(after, body)
  for (const [before, unit] of units.values()) {
    const run = before + unit.repeat(Math.ceil(length / unit.length))
    for (const suffix of SUFFIXES) yield run.slice(0, length - suffix.length) + suffix
  }
}

function repeatsOf({ source, flags }: RegExp, known: readonly string[]): readonly Repeat[] {
  const repeats: Repeat[] = []
  const reader = new Reader(source, { known, flags: flags.replace('g', '') }, (repeat) => repeats.push(repeat))
  reader.alternatives('')
  return repeats
}

const ONE_ATOM = /\[(?:[^\]\\]|\\.)*\]|\\(?:[pP]\{\w+\}|u[\da-f]{4}|x[\da-f]{2}|.)|[^]/y
const QUANTIFIER = /(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/y

/** Which characters are tried, and how the expression reads them. */
interface Words {
  readonly known: readonly string[]
  readonly flags: string
}

/** Walks over the source of an expression, and makes a text that it matches. */
class Reader {
  #at = 0
  readonly #source: string
  readonly #words: Words
  readonly #found: (repeat: Repeat) => unknown

  constructor(source: string, words: Words, found: (repeat: Repeat) => unknown) {
    this.#source = source
    this.#words = words
    this.#found = found
  }

  /** @returns the text so far, with one that the first alternative matches */
  alternatives(before: string): string {
    const first = this.#sequence(before)
    while (this.#next() === '|') {
      this.#at += 1
      this.#sequence(before)
    }
    return first
  }

  #next(): string | undefined {
    return this.#source[this.#at]
  }

  #sequence(before: string): string {
    let text = before
    for (let next = this.#next(); next !== undefined && next !== '|' && next !== ')'; next = this.#next())
      text = this.#piece(text)
    return text
  }

  #piece(before: string): string {
    const bodies = this.#next() === '(' ? [this.#group(before)] : this.#atom()
    const [quantifier = '', least = '', comma = '', most = ''] = this.#take(QUANTIFIER)
    const unbounded = quantifier.startsWith('*') || quantifier.startsWith('+') || (comma !== '' && most === '')
    if (unbounded) this.#found({ after: before, bodies: bodies.filter((body) => body !== '') })
    return before + (bodies[0] ?? '').repeat(least === '' ? 1 : Number(least))
  }

  /** What a group matches; nothing for one that only looks. */
  #group(before: string): string {
    const [opening = ''] = this.#take(/\((?:\?(?::|<?[=!]|<\w+>))?/y)
    const text = this.alternatives(before)
    this.#at += 1
    return /[=!]$/.test(opening) ? '' : text.slice(before.length)
  }

  /** All known characters that it matches. */
  #atom(): readonly string[] {
    const [atom = ''] = this.#take(ONE_ATOM)
    if (atom === '^' || atom === '$' || atom === '\\b') return ['']
    const one = new RegExp(`^${atom}$`, this.#words.flags)
    return this.#words.known.filter((character) => one.test(character))
  }

  #take(pattern: RegExp): readonly string[] {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#source) ?? []
    this.#at += found[0]?.length ?? 0
    return [...found].map((part: string | undefined) => part ?? '')
  }
}
