create table public.visits as
select id, mod(id * 37, 3000) + 1 as store, mod(id * 13, 365) as day, mod(id * 7919, 10007) as cents,
  concat('visit ', cast(id as string), ' of a customer who said nothing of interest about it, at some length all the same') as note
from unnest(generate_array(1, 12000)) as id
