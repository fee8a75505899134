-- What a learner's record says besides codes, as a JSON array: id, zone, population, cuts, end of the window, totals,
-- the active days that fit into no code (`codes.sql`), with their numbers, and the profile, null where there is none.
-- reads: profiles, version.learning_pulse, version.pulse_totals, version.users
-- takes: $first_key, $last_key
-- makes: user_key, head
with spelled_out as (
    select
        user_key,
        list(
            [
                date_code(activity_date), level::bigint, xp_earned, learning_time, sessions, quizzes, quizzes_passed
            ] order by activity_date
        ) as days
    from version.learning_pulse
    where user_key between $first_key and $last_key and not fits_in_a_code(xp_earned, learning_time, sessions, quizzes)
    group by user_key
)

select
    totals.user_key,
    json_array(
        totals.user_id, users.timezone, totals.cut_population, totals.cut_2, totals.cut_3, totals.cut_4,
        totals.window_end, totals.total_learning_time, totals.total_sessions, totals.total_quizzes,
        totals.total_quizzes_passed, totals.year, coalesce(spelled_out.days, []), profiles.profile
    )::varchar as head
from version.pulse_totals as totals
inner join version.users on totals.user_key = users.user_key
left join spelled_out on totals.user_key = spelled_out.user_key
left join profiles
    on totals.user_key = profiles.user_key and profiles.user_key between $first_key and $last_key
where totals.user_key between $first_key and $last_key and users.user_key between $first_key and $last_key
order by totals.user_key
