/** One promise of a contract, in words and as a check that rejects when it is broken. For any test runner, or none. */
export interface ContractCase<Subject> {
  /** A sentence about what the subject does. */
  readonly name: string
  /** @throws Error that says what was expected and what came */
  readonly run: (subject: Subject) => Promise<void>
}

/** Compares what came with what was promised; both are plain data. */
export function mustEqual(came: unknown, promised: unknown, what: string): void {
  const [left, right] = [came, promised].map((value) => JSON.stringify(value, inOrder))
  if (left !== right) throw new Error(`${what}: expected ${right}, came ${left}`)
}

export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what)
}

/** Whoever made the object chose the order of its fields. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
