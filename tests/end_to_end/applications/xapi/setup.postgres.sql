-- A store of xAPI statements: the statement is JSON, its result may have success and an ISO 8601 duration
create table xapi_statement (id uuid primary key, statement_id uuid not null, stored timestamptz not null,
    is_voided boolean not null default false, payload jsonb not null);
insert into xapi_statement values
    ('00000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', '2026-11-05 12:11:00+00', false,
     '{"actor": {"account": {"homePage": "https://x", "name": "ana"}}, "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"}, "timestamp": "2026-11-05T12:10:00.000Z", "result": {"success": true}}'),
    ('00000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000002', '2026-11-05 12:12:00+00', false,
     '{"actor": {"account": {"homePage": "https://x", "name": "ana"}}, "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"}, "timestamp": "2026-11-05T13:11:00+01:00", "result": {"success": false}}'),
    ('00000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000003', '2026-11-05 12:13:00+00', true,
     '{"actor": {"account": {"homePage": "https://x", "name": "ana"}}, "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"}, "timestamp": "2026-11-05T12:12:00Z", "result": {"success": true}}'),
    ('00000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000004', '2026-11-06 12:13:00+00', false,
     '{"actor": {"account": {"homePage": "https://x", "name": "bo"}}, "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"}, "timestamp": "2026-11-06T12:12:00Z", "result": {"duration": "PT1H2M3.5S"}}');
