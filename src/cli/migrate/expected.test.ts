import { describe, expect, it } from 'vitest'
import { bare, isSame } from './expected.ts'

const SHOULD = "btree (role, created_at desc) where status = 'open'"

describe('isSame', () => {
  it.each([
    "CREATE INDEX one ON public.trips USING btree (role, created_at DESC) WHERE (status = 'open'::text)",
    "CREATE INDEX one ON trips USING btree (role, created_at DESC) WHERE ((status)::text = 'open'::text)",
    'CREATE INDEX one ON trips USING btree (role, created_at DESC) WHERE (status = \'open\'::my."Trip Status")',
    "CREATE INDEX one ON trips USING btree (role, created_at DESC) WHERE (status = 'open'::character varying(20))",
  ])('leaves out what the server adds: %s', (definition) => {
    expect(isSame(bare(definition), SHOULD)).toBe(true)
  })

  it.each([
    "btree (role, created_at) WHERE (status = 'open'::text)",
    "btree (role, created_at DESC NULLS LAST) WHERE (status = 'open'::text)",
    "btree (((role)::text), created_at DESC) WHERE (status = 'open'::text)",
    'btree ("Role", created_at DESC) WHERE (status = \'open\'::text)',
    "btree (role, created_at DESC) WHERE (status = 'OPEN'::text)",
    "btree (role, created_at DESC) WHERE (status <> 'open'::text)",
    "hash (role, created_at DESC) WHERE (status = 'open'::text)",
    'btree (role, created_at DESC)',
  ])('tells what differs: %s', (definition) => {
    expect(isSame(definition, SHOULD)).toBe(false)
  })
})
