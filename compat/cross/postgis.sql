create table visits as
select id, mod(id * 37, 3000) + 1 as store, mod(id * 13, 365) as day, mod(id * 7919, 10007) as cents from generate_series(1::bigint, 12000) as id;
create table stores as
select id, mod(id * 11, 24) as kind, 'store ' || id as name,
  st_setsrid(st_makepoint((mod(id * 7919, 5600) - 12500)::float8 / 100, (mod(id * 104729, 2300) + 2500)::float8 / 100), 4326) as place
from generate_series(1::bigint, 3000) as id;
