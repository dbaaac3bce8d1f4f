-- The table and functions of pgDedupStore and supabaseDedupStore: run it in one transaction (psql
-- --single-transaction, or a tool that does so); it begins and ends none of its own. Every statement can be run again.
-- All of it is made in the first schema of the search path, and finds itself there afterwards whoever calls it.

-- Which version of which part is here, so that two versions of the package can tell.
create table if not exists easymo_schema_versions (
  component text primary key,
  version integer not null
);
insert into easymo_schema_versions as there (component, version) values ('dedup', 1)
  on conflict (component) do update set version = greatest(there.version, excluded.version);

-- Logged, other than a cache: what a crash made it forget would be done twice.
create table if not exists easymo_dedup (
  key text collate "C" primary key, -- as easymo_dedup_names writes it
  state text not null, -- leased, failed (given back: free, with its counts), done, dead (parked)
  token text not null, -- who owns the lease, gave it back, or ended it
  lease_until timestamptz,
  runs integer not null, -- how many have begun and not succeeded, so far as is known here
  expired integer not null, -- how often a claim found a lease that had run out; a hint, no count of runs
  begun boolean not null, -- whether the begin of this token is among the runs
  expires_at timestamptz not null -- from then on the row counts for nothing, whatever its state
)
with (
  -- A row is written two or three times: leased, perhaps renewed, done. With room left in its page, and no index on what
  -- changes, the later versions are heap-only (HOT): they touch no index, and their space is won back without a vacuum.
  fillfactor = 70,
  -- Early and often, so that what easymo_dedup_cleanup removes makes room for what is new.
  autovacuum_vacuum_scale_factor = 0.05
);

-- The keys as they are stored, in their order. An index holds no entry of more than 2704 bytes: keys of more than 512 are
-- cut, and end in a hash. What is cut is longer than 512 bytes still, so that it equals no key that was not.
create or replace function easymo_dedup_names(keys text[])
  returns text[] language sql stable security invoker
as $$
  select array(
    select case when octet_length(asked.key) <= 512 then asked.key
      else left(asked.key, 512) || ':' || encode(sha256(convert_to(asked.key, 'UTF8')), 'hex') end
    from unnest(keys) with ordinality asked (key, place)
    order by asked.place
  )
$$;

-- Whether each name is among those that an answer is true for, in the order of the names.
create or replace function easymo_dedup_answers(names text[], owned text[])
  returns json language sql immutable security invoker
as $$
  -- As the keys of an object, which are found faster than the places of a list.
  select coalesce(json_agg(known.names ? asked.name order by asked.place), '[]')
  from unnest(names) with ordinality asked (name, place),
    (select coalesce(jsonb_object_agg(name, true), '{}') as names from unnest(owned) _ (name)) known
$$;

-- Claims what is absent, was given back, or has a lease that has run out; a token of its own for each key. Answers
-- [{status: won, runs, expired} | {status: done} | {status: dead} | {status: leased, leftMs}], in the order of the keys.
--
-- It waits for nobody but those who insert the same key at this moment, and for them in the order of the keys; a row that
-- another one has locked is being claimed or ended, and counts as leased. So overlapping batches cannot deadlock.
create or replace function easymo_dedup_claim(keys text[], tokens text[], lease_ms bigint)
  returns json language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  -- Not now(): in a transaction that has been open for a while that is a while ago.
  now_at constant timestamptz := clock_timestamp();
  until_at constant timestamptz := now_at + lease_ms * interval '1 millisecond';
  gone_at constant timestamptz := until_at + interval '8 days';
  names constant text[] := easymo_dedup_names(keys);
  new_row constant jsonb := '{"runs": 0, "expired": 0}';
  won jsonb;
begin
  with made as (
    insert into easymo_dedup (key, state, token, lease_until, runs, expired, begun, expires_at)
    select asked.name, 'leased', asked.token, until_at, 0, 0, false, gone_at
    from unnest(names, tokens) asked (name, token)
    -- Else the insertion would wait for everybody who is changing the row.
    where not exists (select from easymo_dedup there where there.key = asked.name)
    order by asked.name collate "C"
    on conflict (key) do nothing
    returning key
  )
  select coalesce(jsonb_object_agg(key, new_row), '{}') into won from made;

  if (select count(*) from jsonb_object_keys(won)) < cardinality(names) then
    with free as materialized (
      select there.key, asked.token
      from unnest(names, tokens) asked (name, token)
      join easymo_dedup there on there.key = asked.name
      where there.expires_at <= now_at or there.state = 'failed'
        -- Under its own token it was claimed before, by the same call.
        or there.state = 'leased' and (there.lease_until <= now_at or there.token = asked.token)
      for update of there skip locked
    ), taken as (
      update easymo_dedup there set
        state = 'leased', token = free.token, lease_until = until_at, expires_at = gone_at,
        begun = there.begun and there.token = free.token and there.expires_at > now_at,
        runs = case when there.expires_at <= now_at then 0 else there.runs end,
        expired = case
          when there.expires_at <= now_at then 0
          when there.state = 'leased' and there.token <> free.token then there.expired + 1
          else there.expired end
      from free
      where there.key = free.key
      returning there.key, there.runs, there.expired
    )
    select won || coalesce(jsonb_object_agg(key, jsonb_build_object('runs', runs, 'expired', expired)), '{}')
    into won from taken;
  end if;

  return (
    select coalesce(json_agg(case
      when asked.turn = 1 and won ? asked.name
        then (won -> asked.name) || '{"status": "won"}'
      when there.state in ('done', 'dead') and there.expires_at > now_at
        then jsonb_build_object('status', there.state)
      when there.state = 'leased' and there.lease_until > now_at
        then jsonb_build_object('status', 'leased', 'leftMs', ceil(extract(epoch from there.lease_until - now_at) * 1000))
      -- Free, or gone, but somebody was quicker; or in a state that another version knows: present, never a miss.
      else jsonb_build_object('status', 'leased', 'leftMs', least(lease_ms, 1000))
      end order by asked.place), '[]')
    from (
      select name, place, row_number() over (partition by name order by place) as turn
      from unnest(names) with ordinality _ (name, place)
    ) asked
    left join easymo_dedup there on there.key = asked.name
  );
end
$$;

-- Counts runs that are about to begin, once for each token. Answers [true | false]: whether the token owns the claim.
create or replace function easymo_dedup_begin(keys text[], tokens text[])
  returns json language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  names constant text[] := easymo_dedup_names(keys);
  owned text[];
begin
  -- In the order of the keys, here and below: two batches that lock the same rows in different orders would deadlock.
  with mine as materialized (
    select there.key
    from unnest(names, tokens) asked (name, token)
    join easymo_dedup there on there.key = asked.name
    where there.state = 'leased' and there.token = asked.token
    order by there.key
    for update of there
  ), put as (
    update easymo_dedup there set runs = there.runs + (not there.begun)::integer, begun = true
    from mine
    where there.key = mine.key
    returning there.key
  )
  select array_agg(key) into owned from put;
  return easymo_dedup_answers(names, coalesce(owned, '{}'));
end
$$;

-- Prolongs the leases that the tokens own, from now. A run that has begun ('true', or 'written' when its begin was told by
-- easymo_dedup_begin) also takes what is absent, has run out, or was given back by another token. What its token has
-- ended needs no more of it. Answers [true | false].
create or replace function easymo_dedup_renew(keys text[], tokens text[], begun text[], lease_ms bigint)
  returns json language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  now_at constant timestamptz := clock_timestamp();
  until_at constant timestamptz := now_at + lease_ms * interval '1 millisecond';
  gone_at constant timestamptz := until_at + interval '8 days';
  names constant text[] := easymo_dedup_names(keys);
  owned text[];
  made text[];
begin
  with mine as materialized (
    select there.key, asked.token, asked.begun
    from unnest(names, tokens, easymo_dedup_renew.begun) asked (name, token, begun)
    join easymo_dedup there on there.key = asked.name
    where there.state = 'leased' and there.token = asked.token
      or asked.begun <> 'false' and (
        there.expires_at <= now_at
        or there.state = 'leased' and there.lease_until <= now_at
        or there.state = 'failed' and there.token <> asked.token)
    order by there.key
    for update of there
  ), put as (
    update easymo_dedup there set
      state = 'leased', token = mine.token, lease_until = until_at, expires_at = gone_at,
      begun = case
        when there.state = 'leased' and there.token = mine.token then there.begun
        else mine.begun = 'written' end,
      runs = case when there.expires_at <= now_at then (mine.begun = 'written')::integer else there.runs end,
      expired = case when there.expires_at <= now_at then 0 else there.expired end
    from mine
    where there.key = mine.key
    returning there.key
  )
  select coalesce(array_agg(key), '{}') into owned from put;

  if cardinality(owned) < cardinality(names) and 'false' <> any(easymo_dedup_renew.begun) then
    with put as (
      insert into easymo_dedup (key, state, token, lease_until, runs, expired, begun, expires_at)
      select asked.name, 'leased', asked.token, until_at, (asked.begun = 'written')::integer, 0, asked.begun = 'written',
        gone_at
      from unnest(names, tokens, easymo_dedup_renew.begun) asked (name, token, begun)
      where asked.begun <> 'false'
        and not exists (select from easymo_dedup there where there.key = asked.name)
      order by asked.name collate "C"
      on conflict (key) do nothing
      returning key
    )
    select coalesce(array_agg(key), '{}') into made from put;
    owned := owned || made;
  end if;

  if cardinality(owned) < cardinality(names) then
    owned := owned || array(
      select there.key
      from unnest(names, tokens) asked (name, token)
      join easymo_dedup there on there.key = asked.name
      where there.token = asked.token and there.state in ('done', 'dead') and there.expires_at > now_at);
  end if;
  return easymo_dedup_answers(names, owned);
end
$$;

-- Ends the claims that the tokens own, as done or dead. In the transaction of the work both commit together; who ended a
-- claim so is told of that end once more. With if_nobody = 'true', done is also written where the key is absent, was given
-- back, or has a lease that has run out. Answers [true | false].
create or replace function easymo_dedup_complete(
  keys text[], tokens text[], endings text[], if_nobody text[], retention_ms bigint)
  returns json language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  now_at constant timestamptz := clock_timestamp();
  gone_at constant timestamptz := now_at + retention_ms * interval '1 millisecond';
  names constant text[] := easymo_dedup_names(keys);
  owned text[];
  made text[];
begin
  if cardinality(endings) <> cardinality(keys) or (endings <@ array['done', 'dead']) is not true then
    raise exception 'each ending must be done or dead' using errcode = 'invalid_parameter_value';
  end if;
  with mine as materialized (
    select there.key, asked.token, asked.ending
    from unnest(names, tokens, endings, if_nobody) asked (name, token, ending, if_nobody)
    join easymo_dedup there on there.key = asked.name
    where there.state = 'leased' and there.token = asked.token
      or asked.if_nobody = 'true' and asked.ending = 'done' and (
        there.expires_at <= now_at
        or there.state = 'leased' and there.lease_until <= now_at
        or there.state = 'failed')
    order by there.key
    for update of there
  ), put as (
    update easymo_dedup there set
      state = mine.ending, token = mine.token, lease_until = null, begun = false, expires_at = gone_at
    from mine
    where there.key = mine.key
    returning there.key
  )
  select coalesce(array_agg(key), '{}') into owned from put;

  if cardinality(owned) < cardinality(names) and 'true' = any(if_nobody) then
    with put as (
      insert into easymo_dedup (key, state, token, lease_until, runs, expired, begun, expires_at)
      select asked.name, 'done', asked.token, null, 0, 0, false, gone_at
      from unnest(names, tokens, endings, if_nobody) asked (name, token, ending, if_nobody)
      where asked.if_nobody = 'true' and asked.ending = 'done'
        and not exists (select from easymo_dedup there where there.key = asked.name)
      order by asked.name collate "C"
      on conflict (key) do nothing
      returning key
    )
    select coalesce(array_agg(key), '{}') into made from put;
    owned := owned || made;
  end if;

  if cardinality(owned) < cardinality(names) then
    owned := owned || array(
      select there.key
      from unnest(names, tokens, endings) asked (name, token, ending)
      join easymo_dedup there on there.key = asked.name
      where there.token = asked.token and there.state = asked.ending and there.expires_at > now_at);
  end if;
  return easymo_dedup_answers(names, owned);
end
$$;

-- Gives back the claims that the tokens own; their counts are remembered for 8 days, longer than providers resend. Begun
-- ('true'), one counts as a run, unless its begin is written; not begun, a written begin is taken back. Answers [true |
-- false]: whether the token owned it.
create or replace function easymo_dedup_release(keys text[], tokens text[], begun text[])
  returns json language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  names constant text[] := easymo_dedup_names(keys);
  owned text[];
begin
  with mine as materialized (
    select there.key, asked.begun
    from unnest(names, tokens, easymo_dedup_release.begun) asked (name, token, begun)
    join easymo_dedup there on there.key = asked.name
    where there.state = 'leased' and there.token = asked.token
    order by there.key
    for update of there
  ), put as (
    update easymo_dedup there set
      state = 'failed', lease_until = null, begun = false,
      runs = there.runs + (mine.begun = 'true')::integer - there.begun::integer,
      expires_at = clock_timestamp() + interval '8 days'
    from mine
    where there.key = mine.key
    returning there.key
  )
  select array_agg(key) into owned from put;
  return easymo_dedup_answers(names, coalesce(owned, '{}'));
end
$$;

-- Forgets what is dead, and its counts, so that it can be claimed anew. Answers [true | false]: whether it was dead.
create or replace function easymo_dedup_revive(keys text[])
  returns json language plpgsql volatile security invoker
as $$
declare
  names constant text[] := easymo_dedup_names(keys);
  revived text[];
begin
  with parked as materialized (
    select there.key from easymo_dedup there
    where there.key = any(names) and there.state = 'dead' and there.expires_at > clock_timestamp()
    order by there.key
    for update
  ), gone as (
    delete from easymo_dedup there using parked where there.key = parked.key returning there.key
  )
  select array_agg(gone.key) into revived from gone;
  return easymo_dedup_answers(names, coalesce(revived, '{}'));
end
$$;

-- Removes at most so many rows that count for nothing any more, and says how many it removed: to be called now and then,
-- by pg_cron for instance. Nothing else removes them. It reads the table from its beginning, where the oldest are, because
-- an index on expires_at would be written with every completion.
create or replace function easymo_dedup_cleanup(at_most integer default 10000)
  returns bigint language plpgsql volatile security invoker
as $$
declare
  removed bigint;
begin
  -- Rows that somebody else has locked are being claimed anew; to wait for them could deadlock.
  delete from easymo_dedup where ctid = any(array(
    select ctid from easymo_dedup where expires_at <= clock_timestamp() limit at_most for update skip locked));
  get diagnostics removed = row_count;
  return removed;
end
$$;

-- For nobody but the owner, and the service role of Supabase. Row level security without a policy keeps the tables shut even
-- where the default privileges of a schema would open them.
alter table easymo_dedup enable row level security;
alter table easymo_schema_versions enable row level security;

do $$
declare
  tables constant text := 'table easymo_dedup, easymo_schema_versions';
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
    'easymo_dedup_names(text[])', 'easymo_dedup_answers(text[], text[])',
    'easymo_dedup_claim(text[], text[], bigint)', 'easymo_dedup_begin(text[], text[])',
    'easymo_dedup_renew(text[], text[], text[], bigint)',
    'easymo_dedup_complete(text[], text[], text[], text[], bigint)',
    'easymo_dedup_release(text[], text[], text[])', 'easymo_dedup_revive(text[])',
    'easymo_dedup_cleanup(integer)'
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

  -- By the primary key, row for row: a plan that was made, and kept, while the table was empty would read all of it later.
  foreach signature in array array[
    'easymo_dedup_claim(text[], text[], bigint)', 'easymo_dedup_begin(text[], text[])',
    'easymo_dedup_renew(text[], text[], text[], bigint)',
    'easymo_dedup_complete(text[], text[], text[], text[], bigint)',
    'easymo_dedup_release(text[], text[], text[])', 'easymo_dedup_revive(text[])'
  ] loop
    foreach setting in array array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'] loop
      execute format('alter function %s set %s = off', signature, setting);
    end loop;
  end loop;
end
$$;
