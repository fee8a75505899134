-- fresh_landings, quarantine_faults, landed_users -> how many rows are new, by stream. New are the rows of landings
-- made since the published version, and rows without a day that it does not have. Of users, who land whole, all rows
-- are new.
-- reads: fresh_landings, landed_users, quarantine_faults
-- makes: stream, is_of_users, rows
with of_events as (
    select stream, source_rows from fresh_landings
    union all
    select stream, sum(without_day) from quarantine_faults where without_day is not null group by stream
),

of_learners as (
    select unnest(string_split(stream, ', ')) as stream from landed_users
)

select stream, false as is_of_users, sum(source_rows) as rows from of_events group by stream
union all
select stream, true, count(*) from of_learners group by stream
