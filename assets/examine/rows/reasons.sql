-- A sample of judged rows -> the reasons for which rows would not count (R19, R20), how many each has, and a value that
-- cannot be used. A value is shown that is no id, no username and no address: such a column may be mapped by mistake.
-- reads: known_names, landed, sampled
-- takes: $largest_amount, $most_seconds
-- makes: reason, rows, shown, role
with unusable as (
    select
        *,
        unusable_role(row, reason, $largest_amount, $most_seconds) as role
    from sampled
),

raw_values as (
    select
        row as raw,
        unnest(json_keys(row)) as label
    from sampled
    where row is not null
),

ids as (
    select name from known_names
    union
    select unnest([event_id, user_id, string_split(user_id, chr(31))[3]]) from landed
    union
    select event_id from sampled
    union
    select raw ->> label from raw_values where regexp_matches(label, '^(event|user)_id')
),

by_value as (
    select reason, role, row ->> role as value, count(*) as rows
    from unusable
    group by reason, role, row ->> role
)

select
    by_value.reason,
    sum(by_value.rows)::bigint as rows,
    first(left(by_value.value, 40) order by by_value.rows desc, by_value.value asc) filter (
        by_value.value is not null and ids.name is null and not contains(by_value.value, '@')
    ) as shown,
    first(by_value.role order by by_value.rows desc, by_value.role asc) as role
from by_value
left join ids on by_value.value = ids.name
group by by_value.reason
order by sum(by_value.rows) desc, by_value.reason asc
