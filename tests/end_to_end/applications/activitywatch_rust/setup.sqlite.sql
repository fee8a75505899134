-- ActivityWatch, aw-server-rust: both ends as INTEGER nanoseconds
CREATE TABLE buckets (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, type TEXT NOT NULL,
    client TEXT NOT NULL, hostname TEXT NOT NULL, created TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, bucketrow INTEGER NOT NULL, starttime INTEGER NOT NULL,
    endtime INTEGER NOT NULL, data TEXT NOT NULL);
INSERT INTO buckets VALUES (1, 'aw-watcher-afk_ana', 'afkstatus', 'aw-watcher-afk', 'ana', '2026-01-01', '{}');
INSERT INTO events VALUES
    (1, 1, 1793880600000000000, 1793882400999999999, '{"status":"not-afk"}'),
    (2, 1, 1793882400999999999, 1793883000000000000, '{"status":"afk"}'),
    (3, 1, 1793883000000000000, 1793883060000000000, '{"status":"not-afk"}');
