-- The last 14 UTC dates of a version -> the learners who were active on each of their own dates of that name.
-- reads: version.learning_pulse
-- takes: $newest_day
-- makes: activity_date, learners
with dates as (
    select unnest(generate_series($newest_day::date - 13, $newest_day::date, interval 1 day))::date as activity_date
)

select dates.activity_date, count(pulse.user_key) as learners
from dates
left join version.learning_pulse as pulse on dates.activity_date = pulse.activity_date
group by dates.activity_date
order by dates.activity_date
