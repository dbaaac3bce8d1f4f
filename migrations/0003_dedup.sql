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
  state text not null, -- leased, failed (given back: free, with its attempts), done, dead (parked)
  token text, -- who owns the lease, or ended it
  lease_until timestamptz,
  attempts integer not null,
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

-- Answers [{status: won, attempt} | {status: done} | {status: dead} | {status: leased, leftMs}], in the order of the keys.
--
-- It waits for nobody but those who insert the same key at this moment, and for them in the order of the keys; a row that
-- another one has locked is being claimed or ended, and counts as leased. So overlapping batches cannot deadlock.
create or replace function easymo_dedup_claim(keys text[], token text, lease_ms bigint)
  returns json language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  -- Not now(): in a transaction that has been open for a while that is a while ago.
  now_at constant timestamptz := clock_timestamp();
  until_at constant timestamptz := now_at + lease_ms * interval '1 millisecond';
  gone_at constant timestamptz := until_at + interval '8 days';
  names constant text[] := easymo_dedup_names(keys);
  won jsonb;
begin
  with made as (
    insert into easymo_dedup (key, state, token, lease_until, attempts, expires_at)
    select asked.name, 'leased', easymo_dedup_claim.token, until_at, 1, gone_at
    from unnest(names) asked (name)
    -- Else the insertion would wait for everybody who is changing the row.
    where not exists (select from easymo_dedup there where there.key = asked.name)
    order by asked.name collate "C"
    on conflict (key) do nothing
    returning key, attempts
  )
  select coalesce(jsonb_object_agg(key, attempts), '{}') into won from made;

  if (select count(*) from jsonb_object_keys(won)) < cardinality(names) then
    with free as materialized (
      select there.key
      from easymo_dedup there
      where there.key = any(names) and (
        there.expires_at <= now_at or there.state = 'failed' or there.state = 'leased' and there.lease_until <= now_at)
      for update skip locked
    ), taken as (
      update easymo_dedup there set
        state = 'leased', token = easymo_dedup_claim.token, lease_until = until_at, expires_at = gone_at,
        attempts = case when there.expires_at <= now_at then 1 else there.attempts + 1 end
      from free
      where there.key = free.key
      returning there.key, there.attempts
    )
    select won || coalesce(jsonb_object_agg(key, attempts), '{}') into won from taken;
  end if;

  return (
    select coalesce(json_agg(case
      when asked.turn = 1 and won ? asked.name
        then json_build_object('status', 'won', 'attempt', won -> asked.name)
      when there.state in ('done', 'dead') and there.expires_at > now_at
        then json_build_object('status', there.state)
      when there.state = 'leased' and there.lease_until > now_at
        then json_build_object('status', 'leased', 'leftMs', ceil(extract(epoch from there.lease_until - now_at) * 1000))
      -- Free, or gone, but somebody was quicker; or in a state that another version knows: present, never a miss.
      else json_build_object('status', 'leased', 'leftMs', least(lease_ms, 1000))
      end order by asked.place), '[]')
    from (
      select name, place, row_number() over (partition by name order by place) as turn
      from unnest(names) with ordinality _ (name, place)
    ) asked
    left join easymo_dedup there on there.key = asked.name
  );
end
$$;

-- Puts what the token owns into another state, and answers [true | false] in the order of the keys: whether it owned it,
-- or had put it there before: work that ended its claim in a transaction of its own is told of that end once more.
create or replace function easymo_dedup_put(keys text[], token text, state text, lease_ms bigint, keep_ms bigint)
  returns json language plpgsql volatile security invoker
as $$
#variable_conflict use_column
declare
  names constant text[] := easymo_dedup_names(keys);
  lease constant interval := lease_ms * interval '1 millisecond'; -- null: none
  keep constant interval := keep_ms * interval '1 millisecond';
  owned jsonb;
begin
  -- In the order of the keys: two batches that lock the same rows in different orders would deadlock.
  with mine as materialized (
    select there.key
    from easymo_dedup there
    where there.key = any(names) and there.state = 'leased' and there.token = easymo_dedup_put.token
    order by there.key
    for update
  ), put as (
    update easymo_dedup there set
      state = easymo_dedup_put.state,
      token = case when easymo_dedup_put.state <> 'failed' then there.token end,
      lease_until = clock_timestamp() + lease,
      expires_at = clock_timestamp() + coalesce(lease, '0') + keep
    from mine
    where there.key = mine.key
    returning there.key
  )
  select coalesce(jsonb_object_agg(key, true), '{}') into owned from put;

  if (select count(*) from jsonb_object_keys(owned)) < cardinality(names) then
    select owned || coalesce(jsonb_object_agg(there.key, true), '{}') into owned
    from easymo_dedup there
    where there.key = any(names) and there.token = easymo_dedup_put.token and there.state in ('done', 'dead')
      and there.expires_at > clock_timestamp() and (lease is not null or there.state = easymo_dedup_put.state);
  end if;
  return (
    select coalesce(json_agg(owned ? asked.name order by asked.place), '[]')
    from unnest(names) with ordinality asked (name, place)
  );
end
$$;

-- Prolongs the leases that the token still owns, from now; what it has ended needs no more of them.
create or replace function easymo_dedup_renew(keys text[], token text, lease_ms bigint)
  returns json language sql volatile security invoker
as $$ select easymo_dedup_put(keys, token, 'leased', lease_ms, 691200000) $$;

-- Ends the claims that the token still owns as done or dead. In the transaction of the work both commit together.
create or replace function easymo_dedup_complete(keys text[], token text, ending text, retention_ms bigint)
  returns json language plpgsql volatile security invoker
as $$
begin
  if ending is null or ending not in ('done', 'dead') then
    raise exception 'ending must be done or dead' using errcode = 'invalid_parameter_value';
  end if;
  return easymo_dedup_put(keys, token, ending, null, retention_ms);
end
$$;

-- Gives back the claims that the token still owns. Their attempts are remembered for 8 days, longer than providers resend.
create or replace function easymo_dedup_release(keys text[], token text)
  returns void language plpgsql volatile security invoker
as $$
begin
  perform easymo_dedup_put(keys, token, 'failed', null, 691200000);
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
    'easymo_dedup_names(text[])', 'easymo_dedup_claim(text[], text, bigint)',
    'easymo_dedup_put(text[], text, text, bigint, bigint)', 'easymo_dedup_renew(text[], text, bigint)',
    'easymo_dedup_complete(text[], text, text, bigint)', 'easymo_dedup_release(text[], text)',
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
    'easymo_dedup_claim(text[], text, bigint)', 'easymo_dedup_put(text[], text, text, bigint, bigint)'
  ] loop
    foreach setting in array array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'] loop
      execute format('alter function %s set %s = off', signature, setting);
    end loop;
  end loop;
end
$$;
