import { isReplaced, isTypeName, presetName } from './names.ts'

/** A place in a file, and what becomes of it, or why it stays. */
export interface Found {
  readonly line: number
  readonly path: string
  /** The names that moved; none where the import stays as it is. */
  readonly moved: readonly string[]
  /** Why all or a part of it stays. */
  readonly left?: string
}

export interface Rewritten {
  readonly text: string
  readonly found: readonly Found[]
}

/** `import { a, type b as c } from '...'`, and the same with `export`, with nothing else between the braces. */
const NAMED = /^([ \t]*)(import|export)(\s+type)?\s*\{([\w\s,$]*)\}\s*from\s*(['"])([^'"\n]+)\5/gm
/** Any other text in quotes that may be such a path. */
const QUOTED = /(['"`])([^'"`\n]*_shared\/[^'"`\n]*)\1/g

/** Rewrites the imports of one file; what they are called there stays. */
export function rewrite(source: string, specifier: string): Rewritten {
  const found: Found[] = []
  const lineAt = lines(source)
  const text = source.replace(NAMED, (whole: string, ...groups: unknown[]) => {
    const [indent, keyword, type = '', list, quote, path] = groups as string[]
    const at = groups[6] as number
    if (!isReplaced(path ?? '')) return whole
    const names = (list ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '') // prettier-ignore
    const moved = names.filter(known)
    const stays = names.filter((name) => !known(name))
    const left = stays.length === 0 ? {} : { left: `the preset has no ${stays.join(', ')}` }
    found.push({ line: lineAt(at), path: path ?? '', moved, ...left })
    const statement = (of: readonly string[], from: string): string =>
      `${indent}${keyword}${type} { ${of.join(', ')} } from ${quote}${from}${quote}`
    if (moved.length === 0) return whole
    const first = statement(
      moved.map((name) => renamed(name, type !== '')),
      specifier,
    )
    return stays.length === 0 ? first : `${first}\n${statement(stays, path ?? '')}`
  })
  return { text, found: [...found, ...others(source, lineAt)].sort((a, b) => a.line - b.line) }
}

/** What else names one of the modules: other forms of import, and calls that take a path. */
function others(source: string, lineAt: (at: number) => number): Found[] {
  const known = [...source.matchAll(NAMED)].map(({ index, 0: whole }) => [index, index + whole.length] as const)
  return [...source.matchAll(QUOTED)].flatMap(({ index, 2: path = '' }) => {
    const isKnown = known.some(([from, to]) => index >= from && index < to)
    if (isKnown || !isReplaced(path)) return []
    return [{ line: lineAt(index), path, moved: [], left: 'this form of import is yours to change' }]
  })
}

/** The name as it is in the module, of `a`, `a as b` or `type a`. */
const original = (item: string): string => item.replace(/^type\s+/, '').split(/\s/, 1)[0] ?? ''
const known = (item: string): boolean => presetName(original(item)) !== undefined

/** @param isType - whether the whole statement imports types */
function renamed(item: string, isType: boolean): string {
  const name = original(item)
  const preset = presetName(name) ?? name
  const [, as = name] = /\sas\s+(\S+)$/.exec(item) ?? []
  // A type that is imported as a value would be looked for when the file runs.
  const type = !isType && (/^type\s/.test(item) || isTypeName(preset)) ? 'type ' : ''
  return `${type}${preset}${as === preset ? '' : ` as ${as}`}`
}

function lines(source: string): (at: number) => number {
  return (at) => source.slice(0, at).split('\n').length
}
