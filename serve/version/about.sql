-- What a server needs to know of a version before it answers. The instant is text, because a TIMESTAMPTZ reaches Python
-- through pytz only, which a server does not have.
-- reads: version_info
-- takes: $version
-- makes: data_through, default_window_end, default_timezone, level_metric
select
    strftime(make_timestamp(epoch_us(data_through)), '%Y-%m-%dT%H:%M:%SZ') as data_through,
    default_window_end,
    default_timezone,
    level_metric
from version_info
where version = $version
