-- The public views of the profile: how long streaks are now (R27). They are left out with `pulse.profile = false`.

create view streaks_now as
select
    current_streak,
    count(*) as learners,
    count(*) filter (where streak_at_risk) as learners_at_risk
from streaks
group by current_streak;
comment on view streaks_now is 'One row per length of the current streak: how many learners have it; lengths that nobody has are left out.';
comment on column streaks_now.current_streak is 'Dates with XP in the current streak, as of each learner''s window_end; 0 is no streak.';
comment on column streaks_now.learners is 'Learners.';
comment on column streaks_now.learners_at_risk is 'Those of them who have neither XP nor a saver on window_end yet.';
