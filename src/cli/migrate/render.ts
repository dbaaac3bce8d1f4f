import { columnNames, definitionOf, indexedTables, performanceIndexes, type PerformanceIndex } from './indexes.ts'

/** Long enough for the writers of a busy table to finish, short enough that nobody notices who queues behind. */
const LOCK_TIMEOUT = '5s'

/** Each name with its table: other tables and schemas may have an index of the same name. */
const homes = performanceIndexes.map(({ name, table }) => `    ('${name}', '${table}')`).join(',\n')

/** For fresh projects and small tables, and for tools that run a file in a transaction (`supabase db push`). */
export function plainSql(): string {
  return `-- The ${performanceIndexes.length} performance indexes of the EasyMO tables, in one transaction, for fresh projects and small tables.
-- Writes to a table wait while its indexes are built. It can be run again: what is there is left, what a build in the
-- background left invalid is made anew, and what a table or a column is missing or unfit for is skipped with a notice.
-- The partial ones hold only the rows that the hot queries ask for, so those queries must name the same constants.
begin;

set local lock_timeout = '${LOCK_TIMEOUT}';

do $$
declare
  wanted record;
  leftover record;
begin
  for wanted in select * from (values
${performanceIndexes.map((index) => `    ('${index.name}', '${index.table}', $i$create index if not exists ${index.name} on ${definitionOf(index)}$i$)`).join(',\n')}
  ) as list (name, home, statement)
  loop
    for leftover in
      select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
      where relname = wanted.name and indrelid = to_regclass(wanted.home) and not indisvalid
    loop
      execute format('drop index %s', leftover.name);
    end loop;
    begin
      execute wanted.statement;
    exception when undefined_table or undefined_column or wrong_object_type
      -- A column of a type that has no order, or not this constant.
      or undefined_object or undefined_function or invalid_text_representation then
      raise notice 'easymo-perf: % is skipped: %', wanted.name, sqlerrm;
    end;
  end loop;
end
$$;

do $$
declare
  name text;
begin
  foreach name in array array[${indexedTables.map((table) => `'${table}'`).join(', ')}]
  loop
    if to_regclass(name) is not null then
      execute format('analyze %I', name);
    end if;
  end loop;
end
$$;

commit;
`
}

/** For tables that are written to: a script for psql, because a build in the background must not stand in a transaction. */
export function concurrentSql(): string {
  return `-- The ${performanceIndexes.length} performance indexes of the EasyMO tables, built while the tables are written to: run it with psql, outside of a
-- transaction. \\gexec runs each answer of a query as a statement of its own. It can be run again.
\\set ON_ERROR_STOP off
set lock_timeout = '${LOCK_TIMEOUT}';
set statement_timeout = 0;

-- What an interrupted build left behind is invalid, and "if not exists" would take it for the index.
select format('drop index concurrently if exists %s', indexrelid::regclass)
  from pg_index join pg_class on oid = indexrelid
  join (values
${homes}
  ) as list (name, home) on relname = name and indrelid = to_regclass(home)
  where not indisvalid
\\gexec

-- Only where the table and all columns are there.
${performanceIndexes.map(ifPresent).join('\n')}

${indexedTables.map((table) => `select 'analyze ${table}' where to_regclass('${table}') is not null \\gexec`).join('\n')}
`
}

function ifPresent(index: PerformanceIndex): string {
  const statement = `create index concurrently if not exists ${index.name} on ${definitionOf(index)}`
  const columns = columnNames(index).map((name) => `'${name}'`)
  return `select $i$${statement}$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('${index.table}') and attname in (${columns.join(', ')}) and not attisdropped) = ${columns.length} \\gexec`
}

/** Takes the indexes back, in one transaction. */
export function rollbackSql(): string {
  return `-- Takes back 0001_performance_indexes.sql.
begin;

set local lock_timeout = '${LOCK_TIMEOUT}';

do $$
declare
  built record;
begin
  for built in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    join (values
${homes}
    ) as list (name, home) on relname = list.name and indrelid = to_regclass(home)
  loop
    execute format('drop index %s', built.name);
  end loop;
end
$$;

commit;
`
}
