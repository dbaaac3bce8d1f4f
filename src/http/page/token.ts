/** In the tab's own storage: gone when the tab is closed, and never in an address. */
const KEY = `easymo-perf-token:${location.pathname}`

/** Where the storage is forbidden, the token lasts until the page is left. */
let unstored = ''

/** The token that the reader gave, or an empty text. */
export function savedToken(): string {
  try {
    return sessionStorage.getItem(KEY) ?? unstored
  } catch {
    return unstored
  }
}

/** An empty text forgets it. */
export function saveToken(token: string): void {
  unstored = token
  try {
    if (token === '') sessionStorage.removeItem(KEY)
    else sessionStorage.setItem(KEY, token)
  } catch {
    // Kept in memory alone.
  }
}
