import { setTimeout as sleep } from 'node:timers/promises'

/** Sends a service of `measuredService` mixed traffic, which swells and ebbs, until it is told to stop. */
export async function sendTraffic(url: string, signal: AbortSignal): Promise<void> {
  for (let sent = 0; !signal.aborted; sent += 1) {
    const swell = 1 + 0.6 * Math.sin(sent / 110)
    void fetch(url + pathOf(sent))
      .then((response) => response.arrayBuffer())
      .catch(() => undefined)
    await sleep((60 / swell) * (0.5 + Math.random()))
  }
}

function pathOf(sent: number): string {
  // Long now and then, as real work is.
  const ms = Math.round(12 + 30 * Math.random() ** 2 + (sent % 60 === 7 ? 260 : 0))
  if (sent % 97 === 40) return '/broken'
  if (sent % 4 === 3) return `/orders/${sent}?ms=${ms}`
  const id = sent % 11 === 5 ? sent - 3 : sent
  const kind = sent % 3 === 0 ? 'status' : 'message'
  const from = Math.floor(Math.random() ** 2 * (kind === 'status' ? 90 : 160))
  return `/webhook?id=${id}&kind=${kind}&from=${from}`
}
