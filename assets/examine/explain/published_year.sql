-- What a version says of the calendar year of a date before the window: cuts, population, and the score's level (R30).
-- reads: version.yearly_totals
-- takes: $asked_date, $score, $user_key
-- makes: cuts, population, level
select
    [cut_2, cut_3, cut_4] as cuts,
    cut_population as population,
    version.level_of($score::bigint, lowest_score, highest_score, cut_2, cut_3, cut_4)::bigint as level
from version.yearly_totals
where user_key = $user_key and year = year($asked_date::date)
