-- Pieces of sessions -> their union: every microsecond once, whatever number of sessions were open (R7).
-- reads: pieces
-- makes: from_utc, until_utc
with earlier as (
    select
        *,
        max(until_utc) over (
            order by from_utc, until_utc rows between unbounded preceding and 1 preceding
        ) as open_until
    from pieces
),

counted as (
    select
        *,
        sum(if(open_until is null or from_utc > open_until, 1, 0)) over (
            order by from_utc, until_utc rows between unbounded preceding and current row
        ) as stretch
    from earlier
)

select min(from_utc) as from_utc, max(until_utc) as until_utc
from counted
group by stretch
order by from_utc
