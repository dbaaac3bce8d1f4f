import { describe, expect, it } from 'vitest'
import type { Database, RestRequest } from '../core/database.ts'
import { likeRegex } from './like.ts'
import { query } from './query.ts'
import type { Query } from './types.ts'

type Any = Query<Record<string, unknown>>

async function requestOf(build: (rows: Any) => Any, table = 'trips'): Promise<RestRequest> {
  let asked: RestRequest | undefined
  const db: Database = {
    kind: 'postgrest',
    select: async (request) => {
      asked = request
      return { rows: [] }
    },
  }
  await build(query(db, table)).execute()
  if (asked === undefined) throw new Error('nothing was asked')
  return asked
}

/** The conditions as PostgREST reads them: without `select`, decoded. */
async function conditions(build: (rows: Any) => Any): Promise<string> {
  const [, ...rest] = [...new URLSearchParams((await requestOf(build)).search)]
  return rest.map(([name, text]) => `${name}=${text}`).join('&')
}

describe('restRequest', () => {
  it('writes columns, conditions, order, limit and offset', async () => {
    const { table, search, headers } = await requestOf(
      (rows) =>
      rows.select('id', 'status').eq('user_id', 'u1').orderBy('created_at', 'desc', { nulls: 'last' }).orderBy('id').limit(5).offset(10), // prettier-ignore
    )
    expect({ table, headers }).toEqual({ table: 'trips', headers: {} })
    expect(search).toBe(
      'select=id%2Cstatus&and=(user_id.eq.%22u1%22)&order=created_at.desc.nullslast%2Cid.asc&limit=5&offset=10',
    )
  })

  it('writes every value so that none can end its condition', async () => {
    const cases: readonly [text: string, eq: string, quoted: string][] = [
      ['a,b', 'and=(phone.eq."a,b")', '"a,b"'],
      ['a)b', 'and=(phone.eq."a)b")', '"a)b"'],
      ['say "hi"', 'phone=eq.say "hi"', '"say \\"hi\\""'],
      ['back\\slash', 'phone=eq.back\\slash', '"back\\\\slash"'],
      ['+250788', 'and=(phone.eq."+250788")', '"+250788"'],
      ['007', 'and=(phone.eq."007")', '"007"'],
      ['12345678901234567890', 'and=(phone.eq."12345678901234567890")', '"12345678901234567890"'],
      ['null', 'and=(phone.eq."null")', '"null"'],
      ['*', 'and=(phone.eq."*")', '"*"'],
      ['', 'and=(phone.eq."")', '""'],
      ['Ünïcödé 👋🏾 漢', 'and=(phone.eq."Ünïcödé 👋🏾 漢")', '"Ünïcödé 👋🏾 漢"'],
      ['x"),or=(id.gt.0', 'phone=eq.x"),or=(id.gt.0', '"x\\"),or=(id.gt.0"'],
      ['a&limit=1000#?%2C', 'and=(phone.eq."a&limit=1000#?%2C")', '"a&limit=1000#?%2C"'],
    ]
    for (const [text, eq, quoted] of cases) {
      expect(await conditions((rows) => rows.eq('phone', text))).toBe(eq)
      expect(await conditions((rows) => rows.in('phone', [text, 'x']))).toBe(`phone=in.(${quoted},"x")`)
      expect(await conditions((rows) => rows.or((b) => b.eq('phone', text), (b) => b.in('phone', [text])))).toBe(`and=(or(phone.eq.${quoted},phone.in.(${quoted})))`) // prettier-ignore
    }
  })

  it('writes every comparison', async () => {
    expect(await conditions((rows) => rows.neq('a', 1).gt('a', 2).gte('a', 3).lt('a', 4).lte('a', true))).toBe(
      'and=(a.neq."1",a.gt."2",a.gte."3",a.lt."4",a.lte."true")',
    )
    expect(await conditions((rows) => rows.isNull('a').isNotNull('b').like('a', 'x"%'))).toBe(
      'a=is.null&b=not.is.null&a=like.x"%',
    )
    expect(await conditions((rows) => rows.contains('t', ['a"b', 'c,d']).contains('d', { k: 'v' }))).toBe(
      String.raw`t=cs.{"a\"b","c,d"}&d=cs.{"k":"v"}`,
    )
  })

  it('takes a column with the name of a parameter for a column', async () => {
    expect(await conditions((rows) => rows.eq('limit', 9n).isNull('select').in('or', ['a"']).like('and', 'x%'))).toBe(
      'and=(limit.eq."9",select.is.null,or.in.("a\\""),and.like."x%")',
    )
  })

  it('nests or and not', async () => {
    const nested = (rows: Any): Any =>
      rows.eq('a', 1).or((b) => b.eq('b', 2).contains('c', ['x']), (b) => b.not((n) => n.eq('d', 4).isNull('e'))) // prettier-ignore
    expect(await conditions(nested)).toBe(
      String.raw`and=(a.eq."1",or(and(b.eq."2",c.cs."{\"x\"}"),not.and(d.eq."4",e.is.null)))`,
    )
  })

  it('writes a pattern with a star as a regular expression, because a star cannot be escaped', async () => {
    expect(await conditions((rows) => rows.like('a', 'x%').ilike('a', '5*_'))).toBe(
      String.raw`a=like.x%&a=imatch.^5\*.$`,
    )
    expect(await conditions((rows) => rows.not((n) => n.ilike('a', '5*_')))).toBe(
      String.raw`and=(not.and(a.imatch."^5\\*.$"))`,
    )
  })

  it('names the schema in a header, and asks for existence by a column that is there', async () => {
    expect(await requestOf((rows) => rows.eq('id', 1).exists() as never, 'app.trips')).toEqual({
      table: 'trips',
      search: 'select=id&and=(id.eq.%221%22)&limit=1',
      headers: { 'accept-profile': 'app' },
    })
  })
})

it('likeRegex takes % and _ for what they are, and everything else, also behind a backslash, for itself', () => {
  expect(likeRegex('a%b_c')).toBe('^a.*b.c$')
  expect(likeRegex('100\\% (*.+?)[x]{1}|^$')).toBe('^100% \\(\\*\\.\\+\\?\\)\\[x\\]\\{1\\}\\|\\^\\$$')
  expect(likeRegex('end\\')).toBe('^end\\\\$')
})
