-- Which figures of the version that readers get now the new one would lose too much of (R25): how many, and one
-- example. A version without any rows has no figure of a date, so what is missing counts as nothing.
with compared as (
    select
        before.name,
        before.activity_date,
        before.amount as amount_before,
        coalesce(found.amount, 0) as amount
    from figures_before as before
    left join figures as found
        on before.name = found.name and before.activity_date is not distinct from found.activity_date
),

shrunk as (
    select name, coalesce(activity_date || ' ', '') || 'from ' || amount_before || ' down to ' || amount as example
    from compared
    where amount_before >= $shrink_base and amount < amount_before * (1 - $shrink_budget)
)

select name, count(*) as violations, min(example) as example
from shrunk
group by name
