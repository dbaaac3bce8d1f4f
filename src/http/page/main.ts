/** The page of the metrics endpoint: it asks its own path for the numbers, and draws them. */
import { elapsed, every } from './browser.ts'
import { Charts } from './charts.ts'
import { byId, say } from './dom.ts'
import { ago, duration } from './format.ts'
import { History } from './history.ts'
import { Poll, type Answer } from './poll.ts'
import { showTables } from './tables.ts'
import { showTiles } from './tiles.ts'
import { savedToken, saveToken } from './token.ts'

/** An answer that is older than this is told to be old. */
const STALE_MS = 6_000

const history = new History()
const charts = new Charts()
const poll = new Poll(take)
const form = byId<HTMLFormElement>('token')
const field = byId<HTMLInputElement>('secret')
const pause = byId<HTMLButtonElement>('pause')
const forget = byId<HTMLButtonElement>('forget')
let why = ''

function take(answer: Answer): void {
  why = answer.status === 'failed' ? answer.why : ''
  const locked = answer.status === 'locked'
  if (form.hidden === locked) {
    form.hidden = !locked
    if (locked) field.focus()
  }
  if (answer.status === 'locked') say(byId('refused'), answer.refused ? 'This token was refused.' : '')
  if (answer.status === 'reading') show(answer)
  forget.hidden = locked || savedToken() === ''
  showState()
}

function show({ reading }: Extract<Answer, { status: 'reading' }>): void {
  const before = history.newest
  history.add(reading)
  const { newest, points } = history
  if (newest === undefined || newest === before) return
  if (newest.restarted)
    say(byId('restarted'), 'The process has restarted, or another one has answered: counters begin anew.')
  say(byId('uptime'), `up ${duration(reading.uptime)}`)
  showTiles(newest)
  showTables(newest)
  charts.show(points)
}

/** What is shown is never older than it says. */
function showState(): void {
  const { readingAt, nextAt, paused, locked } = poll
  const now = elapsed()
  const old = readingAt !== undefined && now - readingAt > STALE_MS
  const state = locked
    ? 'locked'
    : paused
      ? 'paused'
      : why !== '' || old
        ? 'stale'
        : readingAt === undefined
          ? 'new'
          : 'live'
  document.body.dataset['state'] = state
  say(byId('state'), { locked: 'Locked', paused: 'Paused', stale: 'No answer', new: 'Connecting', live: 'Live' }[state])
  const parts = [
    why,
    readingAt === undefined ? '' : `last answer ${ago(now - readingAt)}`,
    state === 'stale' && nextAt !== undefined
      ? `asking again in ${Math.max(0, Math.ceil((nextAt - now) / 1_000))} s`
      : '',
  ]
  say(byId('age'), parts.filter((part) => part !== '').join(' · '))
}

function toggle(): void {
  poll.paused = !poll.paused
  pause.setAttribute('aria-pressed', String(poll.paused))
  if (poll.paused) poll.stop()
  else void poll.start()
  showState()
}

function unlock(event: Event): void {
  event.preventDefault()
  saveToken(field.value.trim())
  field.value = ''
  poll.locked = false
  void poll.start()
}

/** What was shown with the token goes too. */
function lock(): void {
  saveToken('')
  location.reload()
}

byId('charts').append(...charts.elements)
say(byId('host'), location.host)
document.title = `${location.host} · performance`
form.addEventListener('submit', unlock)
pause.addEventListener('click', toggle)
forget.addEventListener('click', lock)
document.addEventListener('visibilitychange', () => (document.hidden ? poll.stop() : void poll.start()))
charts.show([])
every(1_000, showState)
void poll.start()
