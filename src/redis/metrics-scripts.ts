import type { RedisScript } from './port.ts'

/**
 * Five keys in one slot, and one for each flush. Words are separated by blanks; texts of the package hold no line end.
 *
 * | key | holds |
 * |---|---|
 * | `series`, a hash | of each metric, a line end and a series: `1 MIN MAX PART AMOUNT PART AMOUNT ...`, where `-` is none |
 * | `counts`, a hash | of each metric: how many series it has |
 * | `gauges`, a hash | of each instance: `1 AT JSON`, with all that it said last |
 * | `instances`, a sorted set | the instances, by the time until which their gauges count |
 * | `definitions`, a hash | of each metric: `1 SINCE AT JSON` |
 * | `flush:ID`, a string | for a day after the flush |
 *
 * Times are milliseconds of the server's clock. What another version wrote is left out.
 */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/**
 * KEYS: as above, in this order. ARGV: ms to remember the id, ms to keep all of it, series per metric, the overflow
 * series, instance, ms that its gauges count, its gauges or '', how many definitions, two for each of those, three for each
 * series: metric, series, words. Answers 1, or 0 for an id that is known.
 *
 * Everything is looked at before anything is written, so that a key which holds something else stops it in time. Sums are
 * doubles with all of their 17 digits; HINCRBYFLOAT would write numbers below 1e-17 as 0.
 */
export const ADD: RedisScript = {
  text: `${NOW}
local series, counts, gauges, instances, definitions, id = unpack(KEYS)
local most, overflow = tonumber(ARGV[3]), ARGV[4]
if redis.call('EXISTS', id) == 1 then return 0 end
for _, key in ipairs({ series, counts, gauges, definitions }) do redis.call('HLEN', key) end
local over = redis.call('ZRANGEBYSCORE', instances, '-inf', now, 'LIMIT', 0, 100)

local first = 9 + 2 * ARGV[8]
for at = 9, first - 1, 2 do
  local since = string.match(redis.call('HGET', definitions, ARGV[at]) or '', '^1 (%d+) ')
  redis.call('HSET', definitions, ARGV[at], string.format('1 %s %.0f ', since or string.format('%.0f', now), now) .. ARGV[at + 1])
end

local function put(field, there, words)
  local next = string.gmatch(words, '%S+')
  local amounts, order = {}, {}
  local low, high = next(), next()
  if there then
    local known = string.gmatch(there, '%S+')
    known()
    local min, max = known(), known()
    if low == '-' or min ~= '-' and tonumber(min) < tonumber(low) then low = min end
    if high == '-' or max ~= '-' and tonumber(max) > tonumber(high) then high = max end
    for part in known do
      amounts[part] = tonumber(known())
      order[#order + 1] = part
    end
  end
  for part in next do
    if not amounts[part] then order[#order + 1] = part end
    amounts[part] = (amounts[part] or 0) + tonumber(next())
  end
  local out = { '1', low, high }
  for _, part in ipairs(order) do
    out[#out + 1] = part
    out[#out + 1] = string.format('%.17g', amounts[part])
  end
  redis.call('HSET', series, field, table.concat(out, ' '))
end

for at = first, #ARGV, 3 do
  local metric = ARGV[at]
  local field = metric .. '\\n' .. ARGV[at + 1]
  local there = redis.call('HGET', series, field)
  if not there then
    if tonumber(redis.call('HGET', counts, metric) or 0) >= most then
      field = metric .. '\\n' .. overflow
      there = redis.call('HGET', series, field)
    end
    if not there then redis.call('HINCRBY', counts, metric, 1) end
  end
  if not there or string.sub(there, 1, 2) == '1 ' then put(field, there, ARGV[at + 2]) end
end

for _, instance in ipairs(over) do
  redis.call('HDEL', gauges, instance)
  redis.call('ZREM', instances, instance)
end
if ARGV[7] ~= '' then
  redis.call('HSET', gauges, ARGV[5], string.format('1 %.0f ', now) .. ARGV[7])
  redis.call('ZADD', instances, string.format('%.0f', now + ARGV[6]), ARGV[5])
end
for at = 1, 5 do redis.call('PEXPIRE', KEYS[at], ARGV[2]) end
redis.call('SET', id, '1', 'PX', ARGV[1])
return 1`,
}

/**
 * KEYS: `series`, `gauges`, `instances`, `definitions`. Answers one list: the time, how many of the rest are series and how
 * many gauges, then pairs. A \`=\` stands before each text, because Upstash's client would read what looks like JSON.
 */
export const READ: RedisScript = {
  text: `${NOW}
local answer = { string.format('=%.0f', now), 0, 0 }
local function all(key, counted)
  local pairs = redis.call('HGETALL', key)
  for at = 1, #pairs do answer[#answer + 1] = '=' .. pairs[at] end
  if counted then answer[counted] = #pairs / 2 end
end
all(KEYS[1], 2)
for _, instance in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], string.format('(%.0f', now), '+inf')) do
  local said = redis.call('HGET', KEYS[2], instance)
  if said then
    answer[#answer + 1] = '=' .. instance
    answer[#answer + 1] = '=' .. said
    answer[3] = answer[3] + 1
  end
end
all(KEYS[4])
return answer`,
}
