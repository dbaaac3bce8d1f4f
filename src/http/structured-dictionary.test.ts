import { describe, expect, it } from 'vitest'
import { parseDictionary } from './structured-dictionary.ts'

describe('parseDictionary', () => {
  it.each<[field: string, members: Record<string, string>]>([
    ['', {}],
    ['  ', {}],
    ['a', { a: '' }],
    ['a=?1', { a: '' }],
    ['a=?0', {}],
    ['a=1', { a: '1' }],
    ['a=-12.5', { a: '-12.5' }],
    ['a=999999999999999', { a: '999999999999999' }],
    ['  a=1  ,\t b=tok/en:x  ', { a: '1', b: 'tok/en:x' }],
    ['a="x, \\"y\\" \\\\"', { a: '"x, \\"y\\" \\\\"' }],
    ['a=:aGk=:', { a: ':aGk=:' }],
    ['a=@1659578233', { a: '@1659578233' }],
    ['a=%"f%c3%bc"', { a: '%"f%c3%bc"' }],
    ['a=(1 "b" c;x);y, d', { a: '(1 "b" c;x)', d: '' }],
    ['a=( )', { a: '( )' }],
    ['a=1;x;y=2, *b.c-d_e=3', { a: '1', '*b.c-d_e': '3' }],
    ['a;x=1', { a: '' }],
    ['a\t', { a: '' }],
    ['a=1, a=2', { a: '2' }],
    ['a=1, a=?0', {}],
  ])('reads %s', (field, members) => {
    expect(Object.fromEntries(parseDictionary(field) ?? [['no', 'dictionary']])).toEqual(members)
  })

  it.each([
    'A',
    '1',
    'a=',
    'a= 1',
    'a =1',
    'a=1,',
    ',a',
    'a,,b',
    'a b',
    'a=1.2345',
    'a=1234567890123456',
    'a=1234567890123.1',
    'a=1.',
    'a=-',
    'a=?2',
    'a="x',
    'a="\\x"',
    'a="ü"',
    'a=:?:',
    'a=@1.5',
    'a=(1',
    'a=(1"b")',
    'a=(1,2)',
    'a=1;X',
    'a=1; ',
    '\ta',
    'a=%"%zz"',
    'a=%"%C3"',
  ])('refuses as a whole: %s', (field) => {
    expect(parseDictionary(field)).toBeUndefined()
  })
})
