import type { Fact } from './fact.ts'

/**
 * Makes an observer that prints each fact as one line, for development: `createHost({ observe: consoleObserver() })`.
 *
 * @param print - where the lines go; `console.warn` when it is not given
 */
export function consoleObserver(print?: (line: string) => void): (fact: Fact) => void {
  return ({ name, of, ...rest }) => {
    const words = Object.entries(rest).map(([field, value]) => `${field}=${value}`)
    const line = [`[easymo-perf] ${name}`, ...(of === undefined ? [] : [`(${of})`]), ...words].join(' ')
    // Looked up when it is used: a runtime, or a test, may replace the console.
    if (print === undefined) console.warn(line)
    else print(line)
  }
}
