-- Which figures of the version that readers get now the new one would lose too much of (R25): how many, and one
-- example. A version without any rows has no figure of a date, so what is missing counts as nothing.
with guards as (
    select unnest(['rows_kept', 'learners_kept', 'xp_of_last_week_kept', 'seconds_of_last_week_kept']) as name
),

compared as (
    select
        before.name,
        before.activity_date,
        before.amount as amount_before,
        coalesce(found.amount, 0) as amount
    from figures_before as before
    left join figures as found
        on before.name = found.name and before.activity_date is not distinct from found.activity_date
),

judged as (
    select
        name,
        amount_before >= $shrink_base and amount < amount_before * (1 - $shrink_budget) and not $accept_shrink
            as has_shrunk,
        coalesce(activity_date || ' ', '') || 'from ' || amount_before || ' down to ' || amount as example
    from compared
)

select
    guards.name,
    count(*) filter (judged.has_shrunk) as violations,
    min(judged.example) filter (judged.has_shrunk) as example,
    case
        when $accept_shrink then 'let through'
        when not $has_version_before then 'nothing before'
        else count(judged.name) || ' rows'
    end as compared
from guards
left join judged on guards.name = judged.name
group by guards.name
