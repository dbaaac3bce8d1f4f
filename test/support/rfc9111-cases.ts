import { httpDate } from '../../src/http/cache-date.ts'
import { NOW, type Case, type Step } from './rfc9111-world.ts'

type Fields = Readonly<Record<string, string>>
/** The section, and what it says. */
export type What = readonly [section: string, says: string]

const at = (ms: number): string => httpDate(NOW + ms)
const cc = (value: string, more: Fields = {}): Fields => ({ 'cache-control': value, ...more })
const DATES = { date: at(0) }

/** An answer with these fields is reused, after so many milliseconds. */
const reused = ([section, says]: What, headers: Fields, more: Partial<Case> & { after?: number } = {}): Case => ({
  section,
  says,
  ...more,
  steps: [
    { answer: { headers }, gives: 'MISS 1' },
    { after: more.after ?? 0, gives: 'HIT 1' },
  ],
})

/** An answer with these fields is not reused. */
const asked = ([section, says]: What, headers: Fields, more: Partial<Case> & { after?: number } = {}): Case => ({
  section,
  says,
  ...more,
  steps: [
    { answer: { headers }, gives: 'MISS 1' },
    { after: more.after ?? 0, gives: 'MISS 2' },
  ],
})

/** Two requests with these fields, of which the second is, or is not, answered with what the first got. */
const pair = ([section, says]: What, first: Omit<Step, 'gives'>, then: Step): Case => ({
  section,
  says,
  steps: [{ ...first, gives: 'MISS 1' }, then],
})

const status = (code: number, how: 'by default' | 'when told' | 'never'): Case => {
  const line = (word: string, count: number): string => `${word} ${code === 200 ? '' : `${code} `}${code === 204 ? '' : count}`.trimEnd() // prettier-ignore
  const headers: Fields = how === 'by default' ? {} : cc('max-age=60')
  return {
    section: '3',
    says: `a ${code} is stored ${how}`,
    steps: [
      { answer: { status: code, headers }, gives: line('MISS', 1) },
      { gives: how === 'never' ? line('MISS', 2) : line('HIT', 1) },
    ],
  }
}

const storing: readonly Case[] = [
  ...[200, 203, 204, 301, 308].map((code) => status(code, 'by default')),
  ...[302, 307, 404, 410].map((code) => status(code, 'when told')),
  ...[206, 418, 500, 503].map((code) => status(code, 'never')),
  asked(['3', 'no-store is not stored'], cc('no-store, max-age=60')),
  asked(['5.2.2.7', 'private is for one user'], cc('private, max-age=60')),
  asked(['5.2.2.7', 'private with field names is in doubt, and not stored'], cc('private="x-user", max-age=60')),
  asked(['5.2.2.4', 'no-cache is not reused unasked'], cc('no-cache, max-age=60')),
  asked(['5.2.2.3', 'no-store counts beside must-understand'], cc('must-understand, no-store, max-age=60')),
  asked(['5.2', 'the case of a directive does not matter'], cc('NO-STORE')),
  asked(['7.3', 'what sets a cookie is not shared'], { 'set-cookie': 'sid=1', ...cc('max-age=60') }),
  {
    section: '3.5',
    says: 'a request with Authorization goes past',
    steps: [
      { headers: { authorization: 'Bearer x' }, answer: { headers: cc('max-age=60') }, gives: '- 1' },
      { gives: 'MISS 2' },
      { headers: { authorization: 'Bearer x' }, gives: '- 3' },
    ],
  },
  {
    section: '3.1',
    says: 'what belongs to one connection is not stored',
    steps: [
      { answer: { headers: { connection: 'x-hop', 'x-hop': '1', 'x-kept': '1' } }, gives: 'MISS 1' },
      { gives: 'HIT 1', shows: { connection: null, 'x-hop': null, 'x-kept': '1' } },
    ],
  },
]

const incomplete: readonly Case[] = [
  asked(['3.3', 'a body shorter than its length is not stored'], { 'content-length': '9', ...cc('max-age=60') }),
  asked(['3.3', 'nor one whose length cannot be read'], { 'content-length': 'nine', ...cc('max-age=60') }),
  reused(['3.3', 'a whole one is'], { 'content-length': '1', ...cc('max-age=60') }),
  reused(['9110: 8.6', 'the same length twice is that length'], { 'content-length': '1, 1', ...cc('max-age=60') }),
  {
    section: '3.4',
    says: 'a request for a part goes past',
    steps: [{ gives: 'MISS 1' }, { headers: { range: 'bytes=0-0' }, gives: '- 2' }, { gives: 'HIT 1' }],
  },
]

const freshness: readonly Case[] = [
  reused(['4.2.1', 'max-age is how long it is fresh'], cc('max-age=10'), { after: 9_000 }),
  asked(['4.2', 'and no longer'], cc('max-age=10'), { after: 10_000 }),
  reused(['5.2.2.10', 's-maxage comes before max-age'], cc('max-age=1, s-maxage=60'), { after: 5_000 }),
  asked(['5.2.2.10', 's-maxage=0 too'], cc('max-age=60, s-maxage=0')),
  reused(['5.3', 'max-age comes before Expires'], { ...cc('max-age=60'), expires: at(-1_000) }, { after: 5_000 }),
  asked(['4.2.1', 'two values of max-age leave it stale'], cc('max-age=60, max-age=0')),
  asked(['5.2', 'a max-age that cannot be read leaves it stale'], cc('max-age=soon')),
  asked(['5.2', 'so does a negative one'], cc('max-age=-1')),
  reused(['1.2.2', 'one of more than 68 years is that long'], cc('max-age=99999999999'), { after: 3_600_000 }),
  reused(['5.2', 'an argument may stand in quotes'], cc('max-age="60"'), { after: 5_000 }),
  reused(['5.2.3', 'what nobody knows is ignored'], cc('max-age=60, x-new="a,b"'), { after: 5_000 }),
  reused(['4.2.2', 'what says nothing is fresh as the options say'], {}, { after: 59_999 }),
  asked(['4.2.2', 'and no longer'], {}, { after: 60_000 }),
  reused(['4.2.2', 'also for ever'], {}, { after: 864_000_000, options: { ttlMs: Infinity } }),
  asked(['4.2.3', 'Age counts'], cc('max-age=60', { age: '60' })),
  reused(['4.2.3', 'the first of two ages counts'], cc('max-age=60', { age: '0, 60' })),
  reused(['5.1', 'an age that is none is ignored'], cc('max-age=60', { age: 'old' })),
  asked(['4.2.3', 'so does the date of a response that was long on its way'], cc('max-age=60', { date: at(-61_000) })),
  {
    section: '5.1',
    says: 'an answer from the cache says how old it is',
    steps: [
      { answer: { headers: cc('max-age=60', { age: '5' }) }, gives: 'MISS 1' },
      { after: 7_900, gives: 'HIT 1', shows: { age: '12', date: httpDate(NOW) } },
    ],
  },
]

const EXPIRES: readonly (readonly [value: string, is: 'a date' | 'past'])[] = [
  [at(60_000), 'a date'],
  [at(-1_000), 'past'],
  [at(0), 'past'],
  ['0', 'past'],
  ['-1', 'past'],
  ['', 'past'],
  ['Thu, 18 Aug 2050 02:01:18 GMT', 'a date'],
  ['THU, 18 AUG 2050 02:01:18 gmt', 'a date'],
  ['Thursday, 18-Aug-50 02:01:18 GMT', 'a date'],
  ['Thursday, 18-Aug-94 02:01:18 GMT', 'past'],
  ['Thu Aug 18 02:01:18 2050', 'a date'],
  ['Thu, 18 Aug 50 02:01:18 GMT', 'past'],
  ['Thu, 18-Aug-2050 02:01:18 GMT', 'past'],
  ['Thu, 18 Aug 2050 02:01:18 AEST', 'past'],
  ['Thu, 18 Aug 2050 2:01:18 GMT', 'past'],
  ['Thu 18 Aug 2050 02:01:18 GMT', 'past'],
]
const expires: readonly Case[] = EXPIRES.map(([value, is]) =>
  is === 'past'
    ? asked(['5.3', `Expires: ${value} is past`], { expires: value, ...DATES })
    : reused(['5.3', `Expires: ${value} is a date`], { expires: value, ...DATES }, { after: 1_000 }),
)

const VARY = { vary: 'Accept-Language' }
const speaking = (language: string): Fields => ({ 'accept-language': language })
const vary: readonly Case[] = [
  pair(['4.1', 'what Vary names must be the same'], { headers: speaking('rw'), answer: { headers: VARY } }, { headers: speaking('en'), gives: 'MISS 2' }), // prettier-ignore
  pair(['4.1', 'so that it is reused'], { headers: speaking('rw'), answer: { headers: VARY } }, { headers: speaking('rw'), gives: 'HIT 1' }), // prettier-ignore
  pair(['4.1', 'blanks make no difference'], { headers: speaking('rw, en;q=0.5'), answer: { headers: VARY } }, { headers: speaking('rw,en; q=0.5'), gives: 'HIT 1' }), // prettier-ignore
  pair(['4.1', 'a field that is absent is a value of its own'], { headers: speaking('rw'), answer: { headers: VARY } }, { gives: 'MISS 2' }), // prettier-ignore
  asked(['4.1', 'Vary: * never matches'], { vary: '*', ...cc('max-age=60') }),
  {
    section: '4.1',
    says: 'variants are kept side by side',
    steps: [
      { headers: speaking('rw'), answer: { headers: VARY }, gives: 'MISS 1' },
      { headers: speaking('en'), gives: 'MISS 2' },
      { headers: speaking('rw'), gives: 'HIT 1' },
      { headers: speaking('en'), gives: 'HIT 2' },
    ],
  },
  pair(['4.1', 'a run of blanks in what Vary names is a value like any other'], { headers: { origin: `a${' '.repeat(15_000)}b` }, answer: { headers: { vary: 'Origin' } } }, { headers: { origin: `a${' '.repeat(15_000)}b` }, gives: 'HIT 1' }), // prettier-ignore
]

export const stored: readonly Case[] = [...storing, ...incomplete, ...freshness, ...expires, ...vary]
export { asked, at, cc, pair, reused }
