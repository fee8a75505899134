-- How many active days of all learners' windows have each level.
-- reads: version.learning_pulse
-- makes: level, days
select level, count(*) as days
from version.learning_pulse
group by level
order by level
