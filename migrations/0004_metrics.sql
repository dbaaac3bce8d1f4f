-- The tables and functions of pgMetricsStore and supabaseMetricsStore: run it in one transaction (psql
-- --single-transaction, or a tool that does so); it begins and ends none of its own. Every statement can be run again.
-- All of it is made in the first schema of the search path, and finds itself there afterwards whoever calls it.

set local lock_timeout = '5s';

-- Which version of which part is here, so that two versions of the package can tell.
create table if not exists easymo_schema_versions (
  component text primary key,
  version integer not null
);
insert into easymo_schema_versions as there (component, version) values ('metrics', 1)
  on conflict (component) do update set version = greatest(there.version, excluded.version);

-- Logged, all of them: what a crash made them forget would be a counter that goes down, or a flush that counts twice.
create table if not exists easymo_metrics_flushes (
  id text collate "C" primary key,
  flushed_at timestamptz not null
);
create index if not exists easymo_metrics_flushes_by_time on easymo_metrics_flushes (flushed_at);

create table if not exists easymo_metrics_series (
  key bytea primary key, -- as easymo_metrics_key makes it: labels may be longer than an entry of an index
  metric text not null,
  series text not null,
  sums jsonb not null, -- {part: amount}
  low double precision,
  high double precision
)
-- Each flush writes the rows it adds to: with room left in their pages the new versions touch no index.
with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

create table if not exists easymo_metrics_gauges (
  instance text collate "C" primary key,
  gauges jsonb not null, -- [{metric, series, value, ageMs}]
  flushed_at timestamptz not null,
  expires_at timestamptz not null
)
with (fillfactor = 50);

create table if not exists easymo_metrics_definitions (
  metric text collate "C" primary key,
  definition text, -- null: not said yet
  series_count integer not null,
  since timestamptz not null,
  said_at timestamptz not null
)
with (fillfactor = 50);

create or replace function easymo_metrics_key(metric text, series text)
  returns bytea language sql immutable security invoker
as $$ select sha256(convert_to(metric || E'\n' || series, 'UTF8')) $$;

-- Adds two objects of amounts, part by part, as doubles.
create or replace function easymo_metrics_sum(one jsonb, other jsonb)
  returns jsonb language sql immutable security invoker
as $$
  select coalesce(jsonb_object_agg(part, amount), '{}') from (
    select part, sum(amount::double precision) as amount
    from (select * from jsonb_each_text(one) union all select * from jsonb_each_text(other)) _ (part, amount)
    group by part
  ) _
$$;

-- Applies a flush, {id, instance, series: [{metric, series, sums, min, max}], maxSeriesPerMetric, overflow, gauges, gaugeTtlMs,
-- definitions: [[metric, definition]]}, and answers whether it was new.
--
-- Everybody takes the rows in the same order, table by table and by their keys: overlapping flushes wait for each other,
-- and cannot deadlock.
create or replace function easymo_metrics_add(flush jsonb)
  returns boolean language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  -- Not now(): in a transaction that has been open for a while that is a while ago.
  now_at constant timestamptz := clock_timestamp();
  most constant bigint := (flush ->> 'maxSeriesPerMetric')::bigint;
  overflow constant text := flush ->> 'overflow';
  made jsonb;
begin
  insert into easymo_metrics_flushes (id, flushed_at) values (flush ->> 'id', now_at) on conflict (id) do nothing;
  if not found then
    return false;
  end if;

  with given as materialized (
    select metric, series, sums, min, max, easymo_metrics_key(metric, series) as key
    from jsonb_to_recordset(flush -> 'series')
      as _ (metric text, series text, sums jsonb, min double precision, max double precision)
  ), numbered as (
    select given.*, there.key is not null or coalesce(told.series_count, 0)
      + row_number() over (partition by given.metric, there.key is null order by given.key) <= most as fits
    from given
    left join easymo_metrics_series there on there.key = given.key
    left join easymo_metrics_definitions told on told.metric = given.metric
  ), placed as materialized (
    select metric, sums, min, max,
      case when fits then series else overflow end as series,
      case when fits then key else easymo_metrics_key(metric, overflow) end as key
    from numbered
  ), summed as (
    select key, jsonb_object_agg(part, amount) as sums from (
      select key, part, sum(amount::double precision) as amount
      from placed, jsonb_each_text(sums) _ (part, amount)
      group by key, part
    ) _ group by key
  ), put as (
    insert into easymo_metrics_series as there (key, metric, series, sums, low, high)
    select key, min(placed.metric), min(placed.series), summed.sums, min(placed.min), max(placed.max)
    from placed join summed using (key)
    group by key, summed.sums
    order by key
    on conflict (key) do update set
      sums = easymo_metrics_sum(there.sums, excluded.sums),
      low = least(there.low, excluded.low),
      high = greatest(there.high, excluded.high)
    returning metric, xmax = 0 as is_new
  )
  select coalesce(jsonb_object_agg(metric, added), '{}') into made
  from (select metric, count(*) as added from put where is_new group by metric) _;

  insert into easymo_metrics_definitions as there (metric, definition, series_count, since, said_at)
  select metric, max(definition), sum(added), now_at, now_at
  from (
    select item ->> 0 as metric, item ->> 1 as definition, 0 as added from jsonb_array_elements(flush -> 'definitions') item
    union all select key, null, value::integer from jsonb_each_text(made)
  ) _
  group by metric
  order by metric collate "C"
  on conflict (metric) do update set
    definition = coalesce(excluded.definition, there.definition),
    series_count = there.series_count + excluded.series_count,
    said_at = case when excluded.definition is null then there.said_at else greatest(there.said_at, excluded.said_at) end;

  if flush ? 'gauges' then
    insert into easymo_metrics_gauges (instance, gauges, flushed_at, expires_at)
    values (flush ->> 'instance', flush -> 'gauges', now_at,
      now_at + least((flush ->> 'gaugeTtlMs')::double precision, 4e12) * interval '1 millisecond')
    on conflict (instance) do update set
      gauges = excluded.gauges, flushed_at = excluded.flushed_at, expires_at = excluded.expires_at;
    perform easymo_metrics_forget(now_at, 10);
  end if;
  -- Somewhat more than one is added.
  perform easymo_metrics_forget_flushes(now_at, 3);
  return true;
end
$$;

-- What somebody else has locked is left to them: to wait for it could deadlock.
create or replace function easymo_metrics_forget(now_at timestamptz, at_most integer)
  returns bigint language plpgsql volatile security invoker
as $$
declare
  removed bigint;
begin
  delete from easymo_metrics_gauges where ctid = any(array(
    select ctid from easymo_metrics_gauges where expires_at <= now_at limit at_most for update skip locked));
  get diagnostics removed = row_count;
  return removed;
end
$$;

create or replace function easymo_metrics_forget_flushes(now_at timestamptz, at_most integer)
  returns bigint language plpgsql volatile security invoker
as $$
declare
  removed bigint;
begin
  delete from easymo_metrics_flushes where ctid = any(array(
    select ctid from easymo_metrics_flushes where flushed_at <= now_at - interval '1 day'
    order by flushed_at limit at_most for update skip locked));
  get diagnostics removed = row_count;
  return removed;
end
$$;

-- Answers {series: [{metric, series, sums, min, max}], gauges: [{instance, metric, series, value, ageMs}], definitions:
-- [{metric, definition, ageMs, idleMs}]}, all of one moment.
create or replace function easymo_metrics_read()
  returns json language sql stable security invoker
as $$
  select json_build_object(
    'series', (
      select coalesce(json_agg(json_build_object(
        'metric', metric, 'series', series, 'sums', sums, 'min', low, 'max', high)), '[]')
      from easymo_metrics_series),
    'gauges', (
      select coalesce(json_agg(json_build_object(
        'instance', said.instance, 'metric', gauge.metric, 'series', gauge.series, 'value', gauge.value,
        'ageMs', gauge."ageMs" + greatest(0, extract(epoch from clock_timestamp() - said.flushed_at) * 1000))), '[]')
      from easymo_metrics_gauges said,
        jsonb_to_recordset(said.gauges)
          as gauge (metric text, series text, value double precision, "ageMs" double precision)
      where said.expires_at > clock_timestamp()),
    'definitions', (
      select coalesce(json_agg(json_build_object(
        'metric', metric, 'definition', definition,
        'ageMs', greatest(0, extract(epoch from clock_timestamp() - since) * 1000),
        'idleMs', greatest(0, extract(epoch from clock_timestamp() - said_at) * 1000))), '[]')
      from easymo_metrics_definitions
      where definition is not null))
$$;

-- Removes at most so many rows of each kind that count for nothing any more, and says how many it removed: ids of flushes
-- after a day, gauges past their time, and metrics that nobody has flushed for 30 days. The first two go away with the
-- flushes of others, too.
create or replace function easymo_metrics_cleanup(at_most integer default 10000)
  returns bigint language plpgsql volatile security invoker
as $$
declare
  now_at constant timestamptz := clock_timestamp();
  removed bigint;
begin
  delete from easymo_metrics_series where key = any(array(
    select there.key
    from easymo_metrics_series there
    join easymo_metrics_definitions told on told.metric = there.metric
    where told.said_at <= now_at - interval '30 days'
    order by there.key limit at_most for update of there skip locked));
  get diagnostics removed = row_count;
  delete from easymo_metrics_definitions told
  where told.said_at <= now_at - interval '30 days'
    and not exists (select from easymo_metrics_series there where there.metric = told.metric);
  return removed + easymo_metrics_forget(now_at, at_most) + easymo_metrics_forget_flushes(now_at, at_most);
end
$$;

-- For nobody but the owner, and the service role of Supabase. Row level security without a policy keeps the tables shut even
-- where the default privileges of a schema would open them.
alter table easymo_metrics_flushes enable row level security;
alter table easymo_metrics_series enable row level security;
alter table easymo_metrics_gauges enable row level security;
alter table easymo_metrics_definitions enable row level security;
alter table easymo_schema_versions enable row level security;

do $$
declare
  tables constant text := 'table easymo_metrics_flushes, easymo_metrics_series, easymo_metrics_gauges, '
    'easymo_metrics_definitions, easymo_schema_versions';
  grantees constant text[] := array(
    select quote_ident(rolname) from pg_roles where rolname in ('anon', 'authenticated', 'service_role'));
  signature text;
  grantee text;
  setting text;
begin
  foreach grantee in array array['public'] || grantees loop
    execute format('revoke all on %s from %s', tables, grantee);
  end loop;
  if 'service_role' = any(grantees) then
    execute format('grant select, insert, update, delete on %s to service_role', tables);
  end if;

  foreach signature in array array[
    'easymo_metrics_key(text, text)', 'easymo_metrics_sum(jsonb, jsonb)', 'easymo_metrics_add(jsonb)',
    'easymo_metrics_forget(timestamptz, integer)', 'easymo_metrics_forget_flushes(timestamptz, integer)',
    'easymo_metrics_read()', 'easymo_metrics_cleanup(integer)'
  ] loop
    -- The temporary schema is last: unnamed, it would be first.
    execute format('alter function %s set search_path = %I, pg_temp', signature, current_schema());
    -- All digits of a double, whatever the session prefers.
    execute format('alter function %s set extra_float_digits = 1', signature);
    foreach grantee in array array['public'] || grantees loop
      execute format('revoke all on function %s from %s', signature, grantee);
    end loop;
    if 'service_role' = any(grantees) then
      execute format('grant execute on function %s to service_role', signature);
    end if;
  end loop;

  -- By the primary key, row for row: a plan that was made, and kept, while the table was empty would read all of it later.
  foreach setting in array array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'] loop
    execute format('alter function easymo_metrics_add(jsonb) set %s = off', setting);
  end loop;
end
$$;
