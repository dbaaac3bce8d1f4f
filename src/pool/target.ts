/** One name for equal targets; of an object, whatever the order of its members. Kept in memory alone: it may hold a key. */
export function targetName(target: unknown = {}): string {
  if (typeof target !== 'object' || target === null) return String(target)
  const members = Object.entries(target).filter(([, value]) => value !== undefined)
  return JSON.stringify(members.sort(([a], [b]) => (a < b ? -1 : 1)))
}
