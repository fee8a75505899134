-- Wakapi testing/schema.sql: on SQLite all instants are INTEGER milliseconds, durations nanoseconds, no end column
CREATE TABLE users (id text PRIMARY KEY, email text DEFAULT null, location text, created_at integer);
CREATE TABLE durations (id integer PRIMARY KEY AUTOINCREMENT, user_id text NOT NULL, time integer NOT NULL, duration integer NOT NULL, project text, num_heartbeats integer, timeout integer NOT NULL DEFAULT 600000000000);
insert into users(id,location) values ('ana','Europe/Berlin'),('bo',null);
insert into durations(user_id,time,duration) values
 ('ana',1793880600000,1800000000000),   -- 12:10 UTC for 30 min
 ('ana',1793881800000,1800000000000),   -- 12:30 UTC for 30 min: overlaps by 10
 ('bo', 1793879999500, 500000000);      -- half a second
