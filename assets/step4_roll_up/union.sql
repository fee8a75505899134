-- The union of each learner's sessions on each UTC day in `wanted_days`, in microseconds. It is computed in another way
-- than in the activity: openings and closings are not paired. Both are sorted. Then the i-th closing is the last before
-- the (i + 1)-th opening exactly if nothing is open in between. So each session adds the time from the i-th opening to
-- the i-th closing or the next opening, whichever is first (docs/decisions/0005). Compared with the activity, this
-- shows that cutting by zone and date lost nothing and counted nothing twice.
-- reads: session_days
-- makes: day, microseconds
with sorted_apart as (
    select
        day,
        list_sort(list(epoch_us(opened_at))) as openings,
        list_sort(list(epoch_us(closed_at))) as closings
    from session_days
    group by user_id, day
),

in_turn as (
    select
        day,
        unnest(openings) as opening,
        unnest(openings[2:]) as next_opening,  -- null for the last one
        unnest(closings) as closing
    from sorted_apart
)

select day, sum(least(closing, coalesce(next_opening, closing)) - opening)::hugeint as microseconds
from in_turn
group by day
