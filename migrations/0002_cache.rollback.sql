-- Takes back 0002_cache.sql, with everything that is cached.

drop function if exists easymo_cache_read(text[], text[]);
drop function if exists easymo_cache_write(jsonb);
drop function if exists easymo_cache_delete(text[], bigint);
drop function if exists easymo_cache_stamp(text[], text, bigint);
drop function if exists easymo_cache_cleanup(integer);
drop table if exists easymo_cache_entries;
drop table if exists easymo_cache_tags;
drop table if exists easymo_cache_epoch;

do $$
begin
  if to_regclass('easymo_schema_versions') is null then
    return;
  end if;
  delete from easymo_schema_versions where component = 'cache';
  if not exists (select from easymo_schema_versions) then
    drop table easymo_schema_versions;
  end if;
end
$$;
