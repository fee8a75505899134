-- The tables of the sample platform. Ids of events are not unique and hardly a column is NOT NULL: the platform lets
-- through what R19 and R20 catch.
create table users (
    id text primary key, username text, timezone text, is_public boolean, deleted_at timestamp
);
create table xp_events (
    id text, user_id text, created_at timestamp, amount integer, updated_at timestamp
);
create table english_sessions (
    id text, user_id text, started_at timestamp, ended_at timestamp, last_activity_at timestamp, updated_at timestamp
);
create table math_sessions (
    id text, user_id text, started_at timestamp, ended_at timestamp, last_activity_at timestamp, updated_at timestamp
);
create table coding_sessions (
    id text, user_id text, started_at timestamp, ended_at timestamp, last_activity_at timestamp, updated_at timestamp
);
create table quiz_attempts (
    id text, user_id text, submitted_at timestamp, passed boolean, updated_at timestamp
);
