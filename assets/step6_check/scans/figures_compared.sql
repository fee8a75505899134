-- figures_before, figures -> every figure of the version that readers get now, and whether too much is lost (R25). A
-- version without any rows has no figure of a date, so what is missing counts as 0.
-- reads: figures, figures_before, limits
-- makes: name, example, has_shrunk
select
    before.name,
    coalesce(before.activity_date || ' ', '') || 'from ' || before.amount || ' down to ' || coalesce(found.amount, 0)
        as example,
    before.amount >= limits.shrink_base
    and coalesce(found.amount, 0) < before.amount * (1 - limits.shrink_budget) as has_shrunk
from figures_before as before
cross join limits
left join figures as found
    on before.name = found.name and before.activity_date is not distinct from found.activity_date
