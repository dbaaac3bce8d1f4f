/** An epoch time as `2024-01-31T12:00:00.000Z`. Writes a time and reads none: that is the clock's. */
export function isoTime(epochMs: number): string {
  // eslint-disable-next-line no-restricted-globals -- nothing is read from it
  return new Date(epochMs).toISOString()
}
