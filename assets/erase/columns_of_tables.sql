-- version -> for each of its tables the columns that can name a learner; a view has those of tables.
-- makes: table_name, columns
with tables as (select table_name from duckdb_tables() where database_name = 'version')

select found.table_name, list(found.column_name order by found.column_name) as columns
from duckdb_columns() as found
semi join tables on found.table_name = tables.table_name
where found.database_name = 'version' and found.column_name in ('user_id', 'row')
group by found.table_name
