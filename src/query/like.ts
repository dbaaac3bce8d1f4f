/** Writes a `like` pattern as a regular expression of Postgres that matches the same texts. */
export function likeRegex(pattern: string): string {
  const parts = pattern.matchAll(/\\([^])|([^])/g)
  const regex = [...parts].map(([, escaped, plain]) => {
    if (plain === '%') return '.*'
    if (plain === '_') return '.'
    return literal(escaped ?? plain ?? '')
  })
  return `^${regex.join('')}$`
}

function literal(character: string): string {
  return /[\\^$.|?*+()[\]{}]/.test(character) ? `\\${character}` : character
}
