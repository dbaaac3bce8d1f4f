import { PAGE, POLICY } from './page-text.ts'

/**
 * What goes with the page: it may run its own script and style, which are known by their hashes, may ask its own origin for
 * the numbers, and may do nothing else; no other page may put it into a frame.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/**
 * The metrics for people: one HTML page that asks `?format=json` of its own path every 2 s and draws the answers.
 *
 * It holds no data, so it may be served to everybody: when the JSON is answered with 401 it asks for the token, keeps it in
 * the tab's session storage, and sends it as `Authorization: Bearer <token>`. Its sources are in `page/`.
 */
export function metricsPage(): string {
  return PAGE
}
