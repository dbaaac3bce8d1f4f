-- Takes back 0003_dedup.sql, with everything that is known to be done: what a provider resends is done again.

drop function if exists easymo_dedup_cleanup(integer);
drop function if exists easymo_dedup_revive(text[]);
drop function if exists easymo_dedup_release(text[], text[], text[]);
drop function if exists easymo_dedup_complete(text[], text[], text[], text[], bigint);
drop function if exists easymo_dedup_renew(text[], text[], text[], bigint);
drop function if exists easymo_dedup_begin(text[], text[]);
drop function if exists easymo_dedup_claim(text[], text[], bigint);
drop function if exists easymo_dedup_answers(text[], text[]);
drop function if exists easymo_dedup_names(text[]);
drop table if exists easymo_dedup;

do $$
begin
  if to_regclass('easymo_schema_versions') is null then
    return;
  end if;
  delete from easymo_schema_versions where component = 'dedup';
  if not exists (select from easymo_schema_versions) then
    drop table easymo_schema_versions;
  end if;
end
$$;
