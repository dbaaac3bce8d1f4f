/** A metric that an expression reads, with the labels it asks it for. */
export interface Read {
  readonly metric: string
  readonly labels: readonly string[]
}

const WORDS: ReadonlySet<string> = new Set('and or unless bool inf nan'.split(' '))
const LISTS = /\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)/g

/** The labels of every `by (...)`, in the order of the expression. */
export function groupings(expr: string): string[][] {
  return Array.from(withoutStrings(expr).matchAll(/\bby\s*\(([^)]*)\)/g), ([, list = '']) => names(list))
}

/**
 * Every metric of an expression, with the labels that its matchers, the `by (...)` around it, and the `on (...)` of the
 * expression name.
 */
export function readsOf(expr: string): Read[] {
  const text = withoutStrings(expr)
  const joined = Array.from(text.matchAll(/\bon\s*\(([^)]*)\)/g), ([, list = '']) => names(list)).flat()
  const grouped = Array.from(text.matchAll(/\bby\s*\(([^)]*)\)\s*(?=\()/g)).flatMap((match) => {
    const [whole, list = ''] = match
    return selectors(inParentheses(text, match.index + whole.length)).map(({ metric }) => ({
      metric,
      labels: names(list),
    }))
  })
  return [...selectors(text).map(({ metric, labels }) => ({ metric, labels: [...labels, ...joined] })), ...grouped]
}

function selectors(text: string): Read[] {
  const bare = text.replaceAll(LISTS, ' ').replaceAll(/\[[^\]]*\]|\boffset\s+\w+/g, ' ')
  return Array.from(bare.matchAll(/(?<![\w.:$])([a-zA-Z_:][\w:]*)(?![\w:])\s*(\(|\{[^}]*\})?/g))
    .filter(([, name = '', after]) => after !== '(' && !WORDS.has(name))
    .map(([, metric = '', matchers = '']) => ({
      metric,
      labels: Array.from(matchers.matchAll(/([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)/g), ([, label = '']) => label),
    }))
}

/** What stands between the parenthesis at `start` and the one that closes it. */
function inParentheses(text: string, start: number): string {
  let depth = 0
  for (let index = start; index < text.length; index += 1) {
    if (text[index] === '(') depth += 1
    if (text[index] === ')') depth -= 1
    if (depth === 0) return text.slice(start + 1, index)
  }
  throw new Error(`a parenthesis is not closed: ${text}`)
}

function withoutStrings(expr: string): string {
  return expr.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
}

function names(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}
