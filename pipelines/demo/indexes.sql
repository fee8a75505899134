-- What a real platform would have for asking by day, made once the rows are there.
create index xp_events_created_at on xp_events (created_at);
create index english_sessions_started_at on english_sessions (started_at);
create index math_sessions_started_at on math_sessions (started_at);
create index coding_sessions_started_at on coding_sessions (started_at);
create index quiz_attempts_submitted_at on quiz_attempts (submitted_at);
