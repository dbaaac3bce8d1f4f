import { describe, expect, it } from 'vitest'
import { valueOf } from '../../test/support/prometheus-text.ts'
import { collect } from './collect.ts'
import { cleanValue } from './labels.ts'
import { createMetrics } from './metrics.ts'
import { prometheusText } from '../core/metrics-text.ts'

const PHONES = [
  // One of each zone, bare, as messengers have them.
  ...['250788000001', '254712345678', '201012345678', '27821234567', '33612345678', '4915112345678', '351912345678'],
  ...['5511987654321', '525512345678', '6281234567890', '6591234567', '79161234567', '8613912345678', '85261234567'],
  ...['919812345678', '971501234567', '9989012345678', '12025550143', '15550783881', '37254123456', '67571234567'],
  // Short ones of small countries, and the longest that there may be.
  ...['37612345678', '68312345678', '2501234567890', '491511234567890'],
  // Written by people.
  ...[
    '+250788000001',
    '+250 788 000 001',
    '+250-788-000-001',
    '(250) 788-000-001',
    '250.788.000.001',
    '250 788 000 001',
  ],
  ...['+1 202 555 0143', '1-202-555-0143', '1.202.555.0143', '(202) 555-0143', '202.555.0143', '+1 (202) 555-0143'],
  ...['00250788000001', '00 44 20 7946 0958', '0788000001', '(078) 800-0001', '078 800 0001', '020 7946 0958'],
  ...[
    '\u202a+250\u00a0788\u2011000\u2011001\u202c',
    ' 250788000001 ',
    '＋250788000001',
    '٢٥٠٧٨٨٠٠٠٠٠١',
    '２５０７８８００００01',
  ],
  // What else a plus, a scheme or a messenger says to be one.
  ...[
    '+1700000000',
    '+20250115',
    '+6834002',
    'tel:1700000000',
    'tel: +250788000001',
    'sms:20250115',
    'whatsapp:+250788000001',
  ],
  ...['250788000001@s.whatsapp.net', '250788000001:12@s.whatsapp.net', '1700000000@c.us', 'user:250788000001'],
]

const NO_PHONES = [
  // Addresses.
  ...[
    '192.168.100.10',
    '10.0.100.12',
    '10.0.100.12:80',
    '127.0.0.1:65535',
    '172.16.254.1',
    '255.255.255.255',
    '100.100.100.200',
  ],
  ...[
    '2001:db8::1',
    '::1',
    'fe80::1ff:fe23:4567:890a',
    '2001:0:0:1:2:3:4:5',
    '::ffff:10.0.0.1',
    '2001:4860:4860::8888',
  ],
  ...['10.0.0.0/8', 'ip-10-0-100-12', 'example.com:8443', '10-0-100-12'],
  // Dates and times.
  ...[
    '20250115',
    '19991231',
    '20250115103059',
    '20240229000000',
    '2025-01-15',
    '2025.01.15',
    '15.01.2025',
    '15-01-2025',
  ],
  ...['2025-01-15 10:30:59', '2025-01-15T10:30:59Z', '2025-01-15-10', '2025-01-15 10', '10:30:59', '2025-01'],
  // Epochs: seconds, milliseconds, microseconds, nanoseconds; with a fraction.
  ...['1700000000', '1999999999', '1700000000000', '1700000000123456', '1700000000123456789', '1700000000.123'],
  // Versions.
  ...[
    '1.2.3',
    '10.0.19045.3803',
    '137.0.7151.119',
    '24.10.20250115',
    '2024.1100.3302',
    '20250115.1',
    '6.1.0-18',
    'v20.11.1',
  ],
  ...['16.4.20240115', '1.20230101'],
  // Numbers.
  ...['0', '200', '1234567', '12345678', '123456789012', '106540352242922', '1000-2000', '20000-30000', '3.14159265'],
  ...[
    '30.06188512',
    '-1.9440727',
    '1e21',
    '0.0000001',
    '00000000',
    '0000000001',
    '978-3-16-148410-0',
    '4111-1111-1111-1111',
  ],
  ...['1234567890123456', '21412345678', '28412345678', '21000000', '99712345678'],
  // Words.
  ...[
    '',
    'text',
    '/users/:id',
    '/v1/oauth2/:id',
    'POST',
    'a1b2c3d4e5f6',
    '550e8400-e29b-41d4-a716-446655440000',
    '__overflow__',
  ],
]

describe('a label value', () => {
  it.each(PHONES.map((phone) => [phone]))('can be a phone number: %s', (phone) => {
    expect(cleanValue(phone, 'user')).toBe('redacted')
  })

  it.each(NO_PHONES.map((text) => [text]))('is none: %s', (text) => {
    expect(cleanValue(text, 'version')).toBe(text)
  })

  it('is one in a label whose name says so, whatever it looks like otherwise', () => {
    for (const label of [
      'phone',
      'customer_phone',
      'from',
      'to',
      'wa_id',
      'waid',
      'msisdn',
      'recipient_id',
      'mobileNumber',
      'sender',
      'tel',
    ])
      // prettier-ignore
      for (const value of ['1700000000', '20250115', '1700000000000', '0788000001', '12345678', '1234-5678'])
        expect([label, cleanValue(value, label)]).toEqual([label, 'redacted'])
    for (const label of ['total', 'topic', 'phone_number_id', 'route', 'storage', 'hotel', 'status'])
      expect([label, cleanValue('1700000000', label)]).toEqual([label, '1700000000'])
    for (const word of ['1234567', 'home', '2001:db8::1', '']) expect(cleanValue(word, 'phone')).toBe(word)
  })
})

describe('a redaction', () => {
  it('is counted for each recording, by metric', () => {
    const metrics = createMetrics()
    const seen = metrics.counter('seen_total', { help: 'Seen', labels: ['by', 'kind'] })
    for (let n = 0; n < 3; n += 1) seen.inc('250788000001', 'text')
    seen.inc({ by: '+250788000002', kind: 'text' })
    seen.inc('redacted', 'text')
    const text = prometheusText(metrics)
    expect(valueOf(text, 'seen_total', { by: 'redacted', kind: 'text' })).toBe(5)
    expect(valueOf(text, 'easymo_metrics_redactions_total', { metric: 'seen_total' })).toBe(4)
  })

  it('of what was collected is counted once, however many look', () => {
    const metrics = createMetrics()
    collect(metrics, 'lazy', 'core', () => ({ '250788000001': { loaded: true }, home: { loaded: true } }))
    collect(metrics, 'cache', '250788000002', () => ({ hits: 1 }))
    for (let n = 0; n < 5; n += 1) prometheusText(metrics)
    const text = prometheusText(metrics)
    expect(valueOf(text, 'lazy_handler_loaded', { lazy: 'core', handler: 'redacted' })).toBe(1)
    expect(valueOf(text, 'easymo_metrics_redactions_total', { metric: 'lazy' })).toBe(1)
    expect(valueOf(text, 'easymo_metrics_redactions_total', { metric: 'cache' })).toBe(1)
    expect(text).not.toMatch(/78800000/)
  })

  it('never touches the words of the operator', () => {
    for (const instance of ['192.168.100.10', '250788000001', '20250115', '+250788000001']) {
      const metrics = createMetrics({ defaultLabels: { instance, phone: '12345678' } })
      metrics.counter('seen_total', { help: 'Seen' }).inc()
      expect(prometheusText(metrics)).toContain(`seen_total{instance="${instance}",phone="12345678"} 1\n`)
    }
  })

  it('does not touch what is allowed to be long', () => {
    const metrics = createMetrics({ allowDigits: ['order'] })
    metrics.counter('seen_total', { help: 'Seen', labels: ['order'] }).inc('250788000001')
    const text = prometheusText(metrics)
    expect(text).toContain('seen_total{order="250788000001"} 1')
    expect(text).not.toContain('easymo_metrics_redactions_total')
  })
})
