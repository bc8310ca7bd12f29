CREATE TABLE memory.shops.stores AS
SELECT id, mod(id * 11, 24) AS kind, concat('store ', CAST(id AS VARCHAR)) AS name,
  ST_Point(CAST(mod(id * 7919, 5600) - 12500 AS DOUBLE) / 100, CAST(mod(id * 104729, 2300) + 2500 AS DOUBLE) / 100) AS place,
  concat('opened on day ', CAST(mod(id * 17, 9000) AS VARCHAR), ', with a long description of its shelves, lamps, doors, windows and people') AS about
FROM UNNEST(sequence(1, 3000)) AS series(id)
