import type { RedisScript } from './port.ts'

/**
 * One string per entry and one per tag, of words: a version first. Times are whole microseconds of the server's clock.
 *
 * | value of an entry | meaning |
 * |---|---|
 * | `1 E BEGAN WRITTEN EXPIRES HEAD`, line end, `TEXT` | an entry whose load began, was written and expires then (0: never); the head is `["VERSION","TAG",...]` in JSON, the text what the codec made of the value |
 * | `1 X BEGAN` | deleted then: no load that began before may write it |
 *
 * | value of a tag | meaning |
 * |---|---|
 * | `1 GONE STALE` | entries whose load began then or before are gone, or have expired at that time |
 *
 * Every version keeps `BEGAN` as the third word of an entry, so that the younger one wins across versions. Anything else
 * was written by another version of this package, or by somebody else: an entry is a miss, a tag's stamps are not there.
 */
const NOW = `
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
`

/** How long a string is kept, in ms: 0 is for ever. `longer` is for what is only ever prolonged. */
const KEEP = `
local function put(key, value, keep)
  if keep == '0' then redis.call('SET', key, value)
  else redis.call('SET', key, value, 'PX', keep) end
end
local function longer(key, keep)
  local left = redis.call('PTTL', key)
  if left == -1 or keep == '0' then return '0' end
  return string.format('%.0f', math.max(left, keep))
end
local function there(key)
  local letter, began = string.match(redis.call('GETRANGE', key, 0, 40), '^%d+ (%a) (%d+)')
  return tonumber(began), letter
end
`

/** The server's clock. Its key only says which node of a cluster is asked. */
export const CLOCK: RedisScript = {
  text: `
local time = redis.call('TIME')
return time[1] * 1000000 + time[2]`,
}

/** Answers the server's clock and the strings of the keys. */
export const READ: RedisScript = {
  text: `
local time = redis.call('TIME')
return { time[1] * 1000000 + time[2], redis.call('MGET', unpack(KEYS)) }`,
}

/**
 * ARGV: the time or '' for the server's own, then four for each key: when the load began or '' for now, ms until it
 * expires or '' for never, ms to keep it or 0 for ever, head and text, or '' for a tag. Only the first bytes of what is
 * there are read, not all of a large value.
 */
export const WRITE: RedisScript = {
  text: `${NOW}${KEEP}
for i, key in ipairs(KEYS) do
  local began, ttl, keep, body = tonumber(ARGV[i * 4 - 2]), tonumber(ARGV[i * 4 - 1]), ARGV[i * 4], ARGV[i * 4 + 1]
  if body == '' then
    local stamps = redis.call('GET', key) or string.format('1 %.0f 0', (began or now) - 1)
    put(key, stamps, longer(key, keep))
  else
    local before, letter = there(key)
    if not began then began = before and math.max(now, before + 1) or now end
    if not before or began > before or began == before and letter ~= 'X' then
      put(key, string.format('1 E %.0f %.0f %.0f ', began, now, ttl and now + ttl * 1000 or 0) .. body, keep)
    end
  end
end
return 1`,
}

/**
 * ARGV: the time or '', ms to remember the deletion; longer when it was told so before.
 *
 * A server without memory lets a script free some, and finish then: so each key is dropped before it is set, here and for
 * stamps, and an invalidation succeeds where a write does not.
 */
export const REMOVE: RedisScript = {
  text: `${NOW}${KEEP}
for _, key in ipairs(KEYS) do
  local before, letter = there(key)
  local keep = letter == 'X' and longer(key, ARGV[2]) or ARGV[2]
  redis.call('DEL', key)
  put(key, string.format('1 X %.0f', math.max(now, before or 0)), keep)
end
return 1`,
}

/**
 * ARGV: the time or '', `gone` or `stale`, ms to keep the stamps. Of a tag without stamps nobody knows whether it was
 * gone before: then it is now. Stamps of another version become now, both.
 */
export const STAMP: RedisScript = {
  text: `${NOW}${KEEP}
for _, key in ipairs(KEYS) do
  local value = redis.call('GET', key) or string.format('1 %.0f 0', now)
  local gone, stale = string.match(value, '^1 (%d+) (%d+)$')
  gone, stale = tonumber(gone) or now, tonumber(stale) or now
  if ARGV[2] == 'gone' then gone = math.max(gone, now) else stale = math.max(stale, now) end
  local keep = longer(key, ARGV[3])
  redis.call('DEL', key)
  put(key, string.format('1 %.0f %.0f', gone, stale), keep)
end
return 1`,
}
