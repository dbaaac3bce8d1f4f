import { asked, at, cc, pair, reused, type What } from './rfc9111-cases.ts'
import type { Case } from './rfc9111-world.ts'

const LM = { 'last-modified': at(-60_000) }
const TAG = { etag: '"v1"' }

const conditions: readonly Case[] = [
  pair(['4.3.2', 'If-None-Match with the tag is answered with 304'], { answer: { headers: TAG } }, { headers: { 'if-none-match': '"v1"' }, gives: 'HIT 304', shows: TAG }), // prettier-ignore
  pair(['4.3.2', 'with another one, with the whole'], { answer: { headers: TAG } }, { headers: { 'if-none-match': '"v0"' }, gives: 'HIT 1' }), // prettier-ignore
  pair(
    ['4.3.2', 'with *, with 304'],
    { answer: { headers: TAG } },
    { headers: { 'if-none-match': '*' }, gives: 'HIT 304' },
  ),
  pair(['9110: 13.1.2', 'tags are compared weakly'], { answer: { headers: TAG } }, { headers: { 'if-none-match': 'W/"v0", W/"v1"' }, gives: 'HIT 304' }), // prettier-ignore
  pair(['4.3.2', 'If-Modified-Since is about Last-Modified'], { answer: { headers: LM } }, { headers: { 'if-modified-since': at(-60_000) }, gives: 'HIT 304' }), // prettier-ignore
  pair(['4.3.2', 'and answered with the whole when it was before'], { answer: { headers: LM } }, { headers: { 'if-modified-since': at(-61_000) }, gives: 'HIT 1' }), // prettier-ignore
  pair(['4.3.2', 'without Last-Modified it is about Date'], { answer: { headers: { date: at(-5_000) } } }, { headers: { 'if-modified-since': at(-5_000) }, gives: 'HIT 304' }), // prettier-ignore
  pair(['4.3.2', 'and answered with the whole when it was before that'], { answer: { headers: { date: at(-5_000) } } }, { headers: { 'if-modified-since': at(-6_000) }, gives: 'HIT 1' }), // prettier-ignore
  pair(['4.3.2', 'without either it is about when it was received'], {}, { headers: { 'if-modified-since': at(0) }, gives: 'HIT 304' }), // prettier-ignore
  pair(['4.3.2', 'If-None-Match decides alone'], { answer: { headers: { ...TAG, ...LM } } }, { headers: { 'if-none-match': '"v0"', 'if-modified-since': at(0) }, gives: 'HIT 1' }), // prettier-ignore
  pair(['9110: 13.1.3', 'a date that is none is no condition'], { answer: { headers: LM } }, { headers: { 'if-modified-since': 'Thu, 18-Aug-2050 02:01:18 GMT' }, gives: 'HIT 1' }), // prettier-ignore
]

const HEAD = { method: 'HEAD' } as const
const methods: readonly Case[] = [
  pair(
    ['4', 'a HEAD is answered with what a GET got'],
    {},
    { ...HEAD, gives: 'HIT', shows: { 'content-length': '1' } },
  ),
  {
    section: '9110: 9.3.2',
    says: 'a HEAD stores nothing',
    steps: [{ ...HEAD, gives: 'MISS 1' }, { gives: 'MISS 2' }],
  },
  ...['POST', 'PUT', 'PATCH', 'DELETE', 'PURGE'].map((method): Case => ({
    section: '4.4',
    says: `a ${method} that succeeds drops what is stored`,
    steps: [{ gives: 'MISS 1' }, { method, gives: '- 2' }, { gives: 'MISS 3' }],
  })),
  {
    section: '4.4',
    says: 'one that fails drops nothing',
    steps: [{ gives: 'MISS 1' }, { method: 'POST', answer: { status: 500 }, gives: '- 500 2' }, { gives: 'HIT 1' }],
  },
  {
    section: '4.4',
    says: 'a safe method drops nothing',
    steps: [{ gives: 'MISS 1' }, { method: 'OPTIONS', gives: '- 2' }, { gives: 'HIT 1' }],
  },
  ...['location', 'content-location'].map((name): Case => ({
    section: '4.4',
    says: `what ${name} names is dropped too`,
    steps: [
      { path: '/other', gives: 'MISS 1' },
      { method: 'POST', answer: { headers: { [name]: 'other' } }, path: '/', gives: '- 2' },
      { path: '/other', answer: {}, gives: 'MISS 3' },
    ],
  })),
  {
    section: '4.4',
    says: 'but not of another origin',
    steps: [
      { path: '/other', gives: 'MISS 1' },
      { method: 'POST', answer: { headers: { location: 'https://else.example/other' } }, path: '/', gives: '- 2' },
      { path: '/other', answer: {}, gives: 'HIT 1' },
    ],
  },
  {
    section: '2',
    says: 'another query is another address',
    steps: [
      { path: '?a', gives: 'MISS 1' },
      { path: '?b', gives: 'MISS 2' },
      { path: '?a', gives: 'HIT 1' },
    ],
  },
]

const WISHES = { allowClientRevalidation: true }
const wish = ([section, value]: What, gives: string, options = {}): Case => ({
  section,
  says: `Cache-Control: ${value} of a request${options === WISHES ? ', where it may ask for more' : ''}`,
  options,
  steps: [
    { answer: { headers: cc('max-age=60') }, gives: 'MISS 1' },
    { after: 5_000, headers: cc(value), gives },
  ],
})
const wishes: readonly Case[] = [
  wish(['5.2.1.7', 'only-if-cached'], 'HIT 1'),
  wish(['5.2.1.4', 'no-cache'], 'HIT 1'),
  wish(['5.2.1.4', 'no-cache'], 'MISS 2', WISHES),
  wish(['5.2.1.5', 'no-store'], '- 2', WISHES),
  wish(['5.2.1.1', 'max-age=4'], 'MISS 2', WISHES),
  wish(['5.2.1.1', 'max-age=5'], 'HIT 1', WISHES),
  {
    section: '5.2.1.7',
    says: 'only-if-cached is answered with 504 when nothing is stored',
    steps: [{ headers: cc('only-if-cached'), gives: 'MISS 504 Gateway Timeout' }],
  },
  {
    section: '5.4',
    says: 'Pragma: no-cache stands for Cache-Control, where it may',
    options: WISHES,
    steps: [{ gives: 'MISS 1' }, { headers: { pragma: 'no-cache' }, gives: 'MISS 2' }],
  },
]

const SWR = cc('max-age=10, stale-while-revalidate=60')
const SIE = cc('max-age=10, stale-if-error=60')
const failing = ([says, gives]: What, headers: Readonly<Record<string, string>>, options = {}): Case => ({
  section: 'RFC 5861: 4',
  says,
  options,
  inOneProcess: true,
  steps: [
    { answer: { headers }, gives: 'MISS 1' },
    { after: 11_000, answer: { status: 503 }, gives },
  ],
})
const stale: readonly Case[] = [
  {
    section: 'RFC 5861: 3',
    says: 'what is stale is served while it is refreshed',
    inOneProcess: true,
    steps: [
      { answer: { headers: SWR }, gives: 'MISS 1' },
      { after: 11_000, gives: 'STALE 1' },
      { gives: 'HIT 2' },
      { after: 70_000, gives: 'MISS 3' },
    ],
  },
  {
    section: 'RFC 5861: 3',
    says: 'for ever, when the option says so',
    options: { staleWhileRevalidateMs: Infinity },
    inOneProcess: true,
    steps: [
      { answer: { headers: cc('max-age=10') }, gives: 'MISS 1' },
      { after: 864_000_000, gives: 'STALE 1' },
      { gives: 'HIT 2' },
    ],
  },
  failing(['what is stale is served when the handler fails', 'STALE 1'], SIE),
  failing(['for ever, when the option says so', 'STALE 1'], cc('max-age=10'), { staleIfErrorMs: Infinity }),
  failing(['not when it must be checked', 'MISS 503 2'], cc('max-age=10, must-revalidate, stale-if-error=60')),
  failing(['nor with proxy-revalidate', 'MISS 503 2'], cc('max-age=10, proxy-revalidate, stale-if-error=60')),
  failing(['nor by the option with s-maxage', 'MISS 503 2'], cc('s-maxage=10'), { staleIfErrorMs: 60_000 }),
]

const targeted = { options: { targeted: true } }
const cdn = (value: string, more: Readonly<Record<string, string>> = cc('max-age=60')): Readonly<Record<string, string>> => ({ 'cdn-cache-control': value, ...more }) // prettier-ignore
const targets: readonly Case[] = [
  reused(['9213: 2.2', 'CDN-Cache-Control comes before Cache-Control'], cdn('max-age=60', cc('no-store')), targeted),
  asked(['9213: 2.2', 'also when it allows less'], cdn('no-store'), targeted),
  asked(['9213: 2.2', 'and before Expires'], cdn('max-age=0', { expires: at(60_000) }), targeted),
  asked(['9213: 2.2', 'it stands alone: what it leaves out is not taken from Cache-Control'], cdn('max-age=10', cc('s-maxage=60')), { ...targeted, after: 11_000 }), // prettier-ignore
  reused(['9213: 2.1', 'parameters make no difference'], cdn('max-age=60;x=1', cc('no-store')), targeted),
  asked(['9213: 2.1', 'an empty one is ignored'], cdn('', cc('no-store')), targeted),
  ...['max-age=60,', 'max-age==60', 'Max-Age=60', 'max-age=60; X', 'max-age=60 private', '=60', 'max-age=60, "'].map((value) => asked(['9213: 2.1', `what is no dictionary is ignored: ${value}`], cdn(value, cc('no-store')), targeted)), // prettier-ignore
  asked(['9213: 2.1', 'a max-age that is no integer leaves it stale'], cdn('max-age="60"', {}), targeted),
  reused(
    ['9651: 3.2', 'of a name that comes twice the last counts'],
    cdn('max-age=0, max-age=60', cc('no-store')),
    targeted,
  ),
  reused(['9213: 2.1', 'what is said not to be so is not'], cdn('no-store=?0, max-age=60', cc('no-store')), targeted),
  asked(['9213: 2.2', 'without the option nobody looks at it'], cdn('max-age=60', cc('no-store'))),
]

const COOKIES = { ignoreCookies: [/^_ga/, 'hint'] }
const ours: readonly Case[] = [
  {
    section: '7.3',
    says: 'a request with a cookie goes past',
    steps: [{ gives: 'MISS 1' }, { headers: { cookie: '_ga=1' }, gives: '- 2' }],
  },
  {
    section: '7.3',
    says: 'unless it is harmless',
    options: COOKIES,
    steps: [
      { headers: { cookie: '_ga=1; hint=dark' }, answer: { headers: { vary: 'Cookie' } }, gives: 'MISS 1' },
      { headers: { cookie: '_ga_X=2' }, gives: 'HIT 1', shows: { vary: 'cookie' } },
      { gives: 'HIT 1' },
      { headers: { cookie: '_ga=1; sid=7' }, gives: '- 2' },
      { headers: { cookie: 'nameless' }, gives: '- 3' },
    ],
  },
  {
    section: '4.4',
    says: 'a page is purged by its tag',
    options: { tags: (request: Request) => [new URL(request.url).search || 'none'] },
    steps: [
      { path: '?a', gives: 'MISS 1' },
      { path: '?b', gives: 'MISS 2' },
      { path: '?a', purges: '?a', gives: 'MISS 3' },
      { path: '?b', gives: 'HIT 2' },
      { path: '?a', gives: 'HIT 3' },
    ],
  },
]

export const requests: readonly Case[] = [...conditions, ...methods, ...wishes, ...stale, ...targets, ...ours]
