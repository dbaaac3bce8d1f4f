/**
 * Copies a string out of the larger one it may be a slice of, so that a label never keeps a whole body alive. By way of
 * a property name, because engines keep one copy of those, and then find literals by address and not by content.
 */
export function detached(text: string): string {
  return Object.keys({ [text]: 0 })[0] ?? text
}
