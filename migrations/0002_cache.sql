-- The tables and functions of pgCacheStore and supabaseCacheStore: run it in one transaction (psql
-- --single-transaction, or a tool that does so); it begins and ends none of its own. Every statement can be run again.
-- All of it is made in the first schema of the search path, and finds itself there afterwards whoever calls it.
--
-- Times are whole microseconds of this server's clock since 1970; 9007199254740991 (the year 2255, and the largest whole
-- number that JavaScript has exactly) is for ever.

-- Which version of which part is here, so that two versions of the package can tell.
create table if not exists easymo_schema_versions (
  component text primary key,
  version integer not null
);
insert into easymo_schema_versions as there (component, version) values ('cache', 1)
  on conflict (component) do update set version = greatest(there.version, excluded.version);

-- Unlogged: a cache that is lost in a crash, all of it at once, costs loads and no data, while logging it would put each
-- write into the log, the backups and the replicas. A replica cannot read these tables, and should not: it is behind.
create unlogged table if not exists easymo_cache_entries (
  key text collate "C" primary key,
  text text, -- null: the entry was deleted, and no load that began before began_at may bring it back
  version text not null,
  tags text[] not null,
  began_at bigint not null,
  written_at bigint not null,
  expires_at bigint not null,
  kept_until bigint not null
);

create unlogged table if not exists easymo_cache_tags (
  tag text collate "C" primary key,
  gone_at bigint not null,
  stale_at bigint not null,
  kept_until bigint not null
);

-- One row: since when nothing was lost. A crash empties this table as it does the others; then no load is written that
-- began before, because the deletion or invalidation that it missed may have been lost.
create unlogged table if not exists easymo_cache_epoch (
  only_row boolean primary key default true check (only_row),
  began_at bigint not null
);
insert into easymo_cache_epoch (began_at)
  values ((extract(epoch from clock_timestamp()) * 1000000)::bigint)
  on conflict do nothing;

create index if not exists easymo_cache_entries_kept_until on easymo_cache_entries (kept_until);
create index if not exists easymo_cache_tags_kept_until on easymo_cache_tags (kept_until);

-- Answers {now, records: [{text, version, tags, beganAt, ageMs, leftMs (null: for ever)} | null], stamps: [{goneAt,
-- staleAt} | null]}, in the order of what was asked.
create or replace function easymo_cache_read(keys text[], tags text[])
  returns json language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  -- Read before the tables are: what happens in between counts as later than a load that begins now, never as earlier.
  now_us constant bigint := extract(epoch from clock_timestamp()) * 1000000;
begin
  return json_build_object(
    'now', now_us,
    'records', (
      select coalesce(json_agg(
        case when there.key is not null then json_build_object(
          'text', there.text,
          'version', there.version,
          'tags', there.tags,
          'beganAt', there.began_at,
          'ageMs', greatest(0, now_us - there.written_at) / 1000::float8,
          'leftMs', case when there.expires_at < 9007199254740991 then (there.expires_at - now_us) / 1000::float8 end
        ) end order by asked.place), '[]')
      from unnest(easymo_cache_read.keys) with ordinality asked (key, place)
      left join easymo_cache_entries there
        on there.key = asked.key and there.text is not null and there.kept_until > now_us
    ),
    'stamps', (
      select coalesce(json_agg(
        case when there.tag is not null then json_build_object('goneAt', there.gone_at, 'staleAt', there.stale_at) end
        order by asked.place), '[]')
      from unnest(easymo_cache_read.tags) with ordinality asked (tag, place)
      left join easymo_cache_tags there on there.tag = asked.tag and there.kept_until > now_us
    )
  );
end
$$;

-- Takes [{key, text, version, tags, beganAt (optional), ttlMs (null: for ever), staleMs (null: for ever)}], durations in
-- whole milliseconds.
create or replace function easymo_cache_write(entries jsonb)
  returns void language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  forever constant bigint := 9007199254740991;
  -- Tags are kept for longer than their entries, so that not every write of a busy tag changes its row.
  spare constant bigint := 3600000000;
  now_us constant bigint := extract(epoch from clock_timestamp()) * 1000000;
  epoch bigint := (select began_at from easymo_cache_epoch);
begin
  if epoch is null then
    insert into easymo_cache_epoch (began_at) values (now_us) on conflict do nothing;
    epoch := now_us;
  end if;

  -- Here and below in the order of the keys: two batches that lock the same rows in different orders would deadlock.
  insert into easymo_cache_tags as there (tag, gone_at, stale_at, kept_until)
  select needed.tag, needed.began_at - 1, 0, least(forever, needed.kept_until + spare)
  from (
    select
      tag,
      min(coalesce(given."beganAt", now_us)) as began_at,
      max(coalesce(least(forever, now_us + (given."ttlMs" + given."staleMs") * 1000), forever)) as kept_until
    from jsonb_to_recordset(entries) given (tags text[], "beganAt" bigint, "ttlMs" bigint, "staleMs" bigint),
      unnest(given.tags) tag
    where given."beganAt" is null or given."beganAt" > epoch
    group by tag
  ) needed
  where not exists (
    select from easymo_cache_tags enough where enough.tag = needed.tag and enough.kept_until >= needed.kept_until
  )
  order by needed.tag collate "C"
  on conflict (tag) do update set kept_until = greatest(there.kept_until, excluded.kept_until);

  insert into easymo_cache_entries as there
    (key, text, version, tags, began_at, written_at, expires_at, kept_until)
  select
    given.key, given.text, given.version, given.tags,
    -- What is set now is younger than what is there, also when the clock was set back in the meantime.
    coalesce(given."beganAt", greatest(now_us, before.began_at)),
    now_us,
    coalesce(least(forever, now_us + given."ttlMs" * 1000), forever),
    coalesce(least(forever, now_us + (given."ttlMs" + given."staleMs") * 1000), forever)
  from jsonb_to_recordset(entries) given
    (key text, text text, version text, tags text[], "beganAt" bigint, "ttlMs" bigint, "staleMs" bigint)
  left join easymo_cache_entries before on given."beganAt" is null and before.key = given.key
  where given."beganAt" is null or given."beganAt" > epoch
  order by given.key collate "C"
  on conflict (key) do update set
    text = excluded.text, version = excluded.version, tags = excluded.tags, began_at = excluded.began_at,
    written_at = excluded.written_at, expires_at = excluded.expires_at, kept_until = excluded.kept_until
  where there.began_at <= excluded.began_at;
end
$$;

-- keep_ms in whole milliseconds; null: for ever.
create or replace function easymo_cache_delete(keys text[], keep_ms bigint)
  returns void language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  forever constant bigint := 9007199254740991;
  now_us constant bigint := extract(epoch from clock_timestamp()) * 1000000;
begin
  insert into easymo_cache_entries as there
    (key, text, version, tags, began_at, written_at, expires_at, kept_until)
  select
    -- The next microsecond is the first one in which a load may begin that is written.
    asked.key, null, '', '{}', now_us + 1, now_us, now_us,
    coalesce(least(forever, now_us + keep_ms * 1000), forever)
  from unnest(easymo_cache_delete.keys) asked (key)
  order by asked.key collate "C"
  on conflict (key) do update set
    text = null, version = '', tags = '{}', began_at = greatest(there.began_at, excluded.began_at),
    written_at = excluded.written_at, expires_at = excluded.expires_at,
    -- An earlier deletion is remembered for as long as it was to be.
    kept_until = case when there.text is null then greatest(there.kept_until, excluded.kept_until)
      else excluded.kept_until end;
end
$$;

-- kind is gone or stale; keep_ms in whole milliseconds; null: for ever.
create or replace function easymo_cache_stamp(tags text[], kind text, keep_ms bigint)
  returns void language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  forever constant bigint := 9007199254740991;
  now_us constant bigint := extract(epoch from clock_timestamp()) * 1000000;
begin
  if kind is null or kind not in ('gone', 'stale') then
    raise exception 'kind must be gone or stale' using errcode = 'invalid_parameter_value';
  end if;
  insert into easymo_cache_tags as there (tag, gone_at, stale_at, kept_until)
  select
    asked.tag,
    case kind when 'gone' then now_us else 0 end,
    case kind when 'stale' then now_us else 0 end,
    coalesce(least(forever, now_us + keep_ms * 1000), forever)
  from unnest(easymo_cache_stamp.tags) asked (tag)
  order by asked.tag collate "C"
  -- The greatest, because one that waited for the row came with an earlier reading of the clock.
  on conflict (tag) do update set
    gone_at = greatest(there.gone_at, excluded.gone_at),
    stale_at = greatest(there.stale_at, excluded.stale_at),
    kept_until = greatest(there.kept_until, excluded.kept_until);
end
$$;

-- Removes at most so many entries and so many tags that are past their keeping, and says how many it removed: to be
-- called now and then, by pg_cron for instance. Nothing else removes them, and nothing reads them.
create or replace function easymo_cache_cleanup(at_most integer default 10000)
  returns bigint language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  now_us constant bigint := extract(epoch from clock_timestamp()) * 1000000;
  entries bigint;
  tags bigint;
begin
  -- Rows that somebody else has locked are being written anew; to wait for them could deadlock.
  delete from easymo_cache_entries where key in (
    select key from easymo_cache_entries where kept_until <= now_us order by kept_until
    limit at_most for update skip locked);
  get diagnostics entries = row_count;
  delete from easymo_cache_tags where tag in (
    select tag from easymo_cache_tags where kept_until <= now_us order by kept_until
    limit at_most for update skip locked);
  get diagnostics tags = row_count;
  return entries + tags;
end
$$;

-- For nobody but the owner, and the service role of Supabase. Row level security without a policy keeps the tables shut even
-- where the default privileges of a schema would open them.
alter table easymo_cache_entries enable row level security;
alter table easymo_cache_tags enable row level security;
alter table easymo_cache_epoch enable row level security;
alter table easymo_schema_versions enable row level security;

do $$
declare
  tables constant text := 'table easymo_cache_entries, easymo_cache_tags, easymo_cache_epoch, easymo_schema_versions';
  grantees constant text[] := array(
    select quote_ident(rolname) from pg_roles where rolname in ('anon', 'authenticated', 'service_role'));
  signature text;
  grantee text;
begin
  foreach grantee in array array['public'] || grantees loop
    execute format('revoke all on %s from %s', tables, grantee);
  end loop;
  if 'service_role' = any(grantees) then
    execute format('grant select, insert, update, delete on %s to service_role', tables);
  end if;

  foreach signature in array array[
    'easymo_cache_read(text[], text[])', 'easymo_cache_write(jsonb)', 'easymo_cache_delete(text[], bigint)',
    'easymo_cache_stamp(text[], text, bigint)', 'easymo_cache_cleanup(integer)'
  ] loop
    -- The temporary schema is last: unnamed, it would be first.
    execute format('alter function %s set search_path = %I, pg_temp', signature, current_schema());
    foreach grantee in array array['public'] || grantees loop
      execute format('revoke all on function %s from %s', signature, grantee);
    end loop;
    if 'service_role' = any(grantees) then
      execute format('grant execute on function %s to service_role', signature);
    end if;
  end loop;
end
$$;
