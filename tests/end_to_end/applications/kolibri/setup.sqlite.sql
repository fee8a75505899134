-- Kolibri: ids are UUIDs in 32 hex digits, an instant is text that ends with the name of its zone, a length seconds
CREATE TABLE "kolibriauth_facilityuser" ("id" char(32) NOT NULL PRIMARY KEY, "username" varchar(254) NOT NULL,
    "date_joined" varchar NOT NULL);
CREATE TABLE "logger_contentsessionlog" ("id" char(32) NOT NULL PRIMARY KEY, "user_id" char(32),
    "start_timestamp" varchar NOT NULL, "end_timestamp" varchar, "time_spent" real NOT NULL, "kind" varchar NOT NULL);
INSERT INTO kolibriauth_facilityuser VALUES ('0a00000000004000800000000000000b', 'ana', '2026-01-01 00:00:00.000000(UTC)');
INSERT INTO logger_contentsessionlog VALUES
    ('1a00000000004000800000000000000b', '0a00000000004000800000000000000b', '2026-11-05 12:10:00.250000(UTC)', null, 61.5, 'video'),
    ('2a00000000004000800000000000000b', null, '2026-11-05 12:10:00.000000(UTC)', null, 10, 'video');  -- a guest
