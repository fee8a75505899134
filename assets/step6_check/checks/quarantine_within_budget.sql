-- Of what is new since the published version, no more than the budget is of no use, or 20 rows and half (R22).
-- table: quarantine
-- compares: select sum(rows) from new_rows
-- way out: look at the table quarantine of the unpublished file, or let it through with --accept-quarantine
-- let through by: accept_quarantine
-- reads: limits, new_rows, quarantine_faults
--
-- More than 20 rows and more than the budget; more than the budget of those whose `passed` says neither yes nor no; or
-- more than half. New are the rows of the landings made since the published version and the rows without a readable
-- instant that it does not have; of users, who land whole, all.
with by_stream as (
    select
        fresh.stream,
        fresh.rows,
        fresh.is_of_users,
        sum(faults.in_budget) as in_budget,
        sum(faults.not_seen) as not_seen,
        sum(faults.no_booleans) as no_booleans,
        string_agg(
            if(is_of_users, faults.not_seen, faults.in_budget) || ' ' || fault,
            ', ' order by faults.in_budget desc, fault asc
        ) as described
    from new_rows as fresh
    inner join quarantine_faults as faults on fresh.stream = faults.stream
    group by fresh.stream, fresh.rows, fresh.is_of_users
)

select stream || ': ' || if(is_of_users, not_seen, in_budget) || ' of ' || rows || ' rows: ' || described as example
from by_stream, limits
where
    2 * not_seen > rows
    or (
        not is_of_users
        and in_budget > quarantine_budget * rows
        and (in_budget > smallest_quarantine or no_booleans > quarantine_budget * rows)
    )
