-- zones_in_force -> a number for each zone, 0 for $default_timezone.
-- reads: zones_in_force
-- takes: $default_timezone
-- makes: zone, zone_number
with zones as (
    select zone from zones_in_force
    union
    select $default_timezone
)

select zone, row_number() over (order by zone <> $default_timezone, zone) - 1 as zone_number
from zones
