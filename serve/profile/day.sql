-- All that a version says of one date of a learner (R27 to R31): measures, cuts and level, zones, landings and
-- restatements. Within the window cuts and level are those of the pulse, else those of the calendar year. The key is
-- asked of every table, so that none is read whole. Instants are text, because a TIMESTAMPTZ reaches Python through
-- pytz only.
-- reads: daily_activity, landings, learning_pulse, pulse_totals, restatements, yearly_totals, zones_over_time
-- takes: $asked_date, $level_metric, $user_key
-- makes: measures, level, cuts, population, zones, landings, restatements
with active_day as (
    select xp_earned, learning_time, sessions, quizzes, quizzes_passed
    from daily_activity
    where user_key = $user_key and activity_date = $asked_date::date
),

compared as (
    select
        cut_population as population,
        [cut_2, cut_3, cut_4] as cuts,
        (
            select level
            from learning_pulse
            where user_key = $user_key and activity_date = $asked_date::date
        ) as level
    from pulse_totals
    where user_key = $user_key and $asked_date::date between window_start and window_end
    union all
    select
        years.cut_population as population,
        [years.cut_2, years.cut_3, years.cut_4] as cuts,
        (
            select
                level_of(
                    case $level_metric when 'xp_earned' then xp_earned else learning_time end,
                    years.lowest_score, years.highest_score, years.cut_2, years.cut_3, years.cut_4
                )
            from active_day
        ) as level
    from yearly_totals as years
    inner join pulse_totals as totals on years.user_key = totals.user_key
    where
        years.user_key = $user_key
        and totals.user_key = $user_key
        and years.year = year($asked_date::date)
        and $asked_date::date < totals.window_start
)

select
    (select [xp_earned, learning_time, sessions, quizzes, quizzes_passed] from active_day) as measures,
    (select level::bigint from compared) as level,
    (select cuts from compared) as cuts,
    (select population from compared) as population,
    (
        select list([from_day::varchar, timezone] order by from_day)
        from zones_over_time
        where user_key = $user_key
    ) as zones,
    (
        select
            list(
                {
                    'stream': stream,
                    'day': day::varchar,
                    'extracted_at': strftime(make_timestamp(epoch_us(extracted_at)), '%Y-%m-%dT%H:%M:%SZ'),
                    'proven_at': strftime(make_timestamp(epoch_us(proven_at)), '%Y-%m-%dT%H:%M:%SZ')
                } order by day, stream
            )
        from landings
        where day between $asked_date::date - 2 and $asked_date::date + 1
    ) as landings,
    (
        select
            list(
                { 'measure': measure, 'old': old, 'new': new, 'version': version, 'reason': reason }
                order by version, measure
            )
        from restatements
        where user_key = $user_key and activity_date = $asked_date::date
    ) as restatements
