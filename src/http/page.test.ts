import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { moduleFile, pageModule } from '../../scripts/page-module.ts'
import { metricsPage, PAGE_HEADERS } from './page.ts'

const policy = PAGE_HEADERS['content-security-policy'] ?? ''
const inside = (tag: string): string => new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(metricsPage())?.[1] ?? ''

describe('the metrics page', () => {
  it('is the one that its sources make', async () => {
    expect(await readFile(moduleFile, 'utf8')).toBe(await pageModule())
  })

  it('is at most 12 kB on the wire', () => {
    expect(gzipSync(metricsPage()).length).toBeLessThanOrEqual(12_000)
  })

  it('runs nothing but its own script and style, by their hashes, and talks to its own origin alone', () => {
    const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${hash(inside('script'))}`,
      `style-src ${hash(inside('style'))}`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ])
  })

  it('names no address but the namespace of its drawings', () => {
    expect(metricsPage().match(/\b(https?:)?\/\/[\w.]+/g)).toEqual(['http://www.w3.org'])
  })

  it('puts nothing through a parser: what a label says stays text', () => {
    expect(metricsPage()).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b/)
  })
})
