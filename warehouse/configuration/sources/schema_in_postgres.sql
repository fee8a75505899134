-- In which schema a table of PostgreSQL is that is named without one: by the search path, but never among temporary
-- tables, because those of a pooler's session are others'.
-- reads: pg_catalog.pg_class, pg_catalog.pg_namespace
-- takes: $name
-- makes: nspname
select n.nspname
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
    c.relname = :name
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and n.nspname = any(pg_catalog.current_schemas(false))
order by pg_catalog.array_position(pg_catalog.current_schemas(false), n.nspname)
limit 1
