-- ActivityWatch, aw-server in Python: peewee's tables; an instant is ISO text with its zone, a length seconds
CREATE TABLE "bucketmodel" ("key" INTEGER NOT NULL PRIMARY KEY, "id" VARCHAR(255) NOT NULL, "created" DATETIME NOT NULL,
    "name" VARCHAR(255), "type" VARCHAR(255) NOT NULL, "client" VARCHAR(255) NOT NULL, "hostname" VARCHAR(255) NOT NULL);
CREATE TABLE "eventmodel" ("id" INTEGER NOT NULL PRIMARY KEY, "bucket_id" INTEGER NOT NULL, "timestamp" DATETIME NOT NULL,
    "duration" DECIMAL(10, 5) NOT NULL, "datastr" VARCHAR(255) NOT NULL);
INSERT INTO bucketmodel VALUES
    (1, 'aw-watcher-afk_ana', '2026-01-01', null, 'afkstatus', 'aw-watcher-afk', 'ana'),
    (2, 'aw-watcher-window_ana', '2026-01-01', null, 'currentwindow', 'aw-watcher-window', 'ana'),
    (3, 'aw-watcher-afk_bo', '2026-01-01', null, 'afkstatus', 'aw-watcher-afk', 'bo');
INSERT INTO eventmodel VALUES
    (1, 1, '2026-11-05 12:10:00.500000+00:00', 1800.25, '{"status": "not-afk"}'),
    (2, 1, '2026-11-05 12:40:00.500000+00:00', 600, '{"status": "afk"}'),   -- away
    (3, 2, '2026-11-05 12:10:00+00:00', 900, '{"app": "x"}'),               -- of another watcher
    (4, 3, '2026-11-06 00:30:00+01:00', 60, '{"status": "not-afk"}');       -- 2026-11-05 23:30 UTC
