-- A zone of hours and minutes alone is counted west of Greenwich.
set timezone = '+02:00';
show timezone;
select timestamptz '2024-07-01 12:00:00+00', to_char(timestamptz '2024-07-01 12:00:00+00', 'HH24:MI OF TZH:TZM');
set timezone = '-04:30';
select timestamptz '2024-07-01 12:00:00+00', current_setting('timezone');
set timezone = '00:15';
select timestamptz '2024-07-01 12:00:00+00', timestamptz '1890-07-01 12:00:00';
set timezone = '04:30:15';
set timezone = '170:00';
reset timezone;
select make_timestamptz(2024, 1, 2, 3, 4, 5, '+02:00');
