-- Takes back 0002_cache.sql, with everything that is cached.
begin;

drop function if exists easymo_cache_read(text[], text[]);
drop function if exists easymo_cache_write(jsonb);
drop function if exists easymo_cache_delete(text[], bigint);
drop function if exists easymo_cache_stamp(text[], text, bigint);
drop function if exists easymo_cache_cleanup(integer);
drop table if exists easymo_cache_entries;
drop table if exists easymo_cache_tags;
drop table if exists easymo_cache_epoch;

commit;
