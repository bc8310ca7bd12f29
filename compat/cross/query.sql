select c.name, count(distinct s.id) as stores, count(*) as visits, sum(v.cents) as cents, max(s.name) as last
from counties c
join stores s on st_contains(c.geom, s.place)
join visits v on v.store = s.id
where s.kind in (5, 7) and v.day between 100 and 111 and v.cents > 1000
group by c.gid, c.name
order by visits desc, cents desc, c.name
