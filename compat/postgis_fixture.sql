-- Conformance fixture (PostGIS flavour). SRIDs: 4326 lon/lat, 3857 metres, 0 unknown.
CREATE EXTENSION IF NOT EXISTS postgis;
DROP TABLE IF EXISTS places, roads, parcels, shapes, anyg;
CREATE TABLE places(id int primary key, name text, kind text, pop bigint, geom geometry(Point,4326), geog geography(Point,4326));
INSERT INTO places SELECT id,name,kind,pop,ST_SetSRID(ST_MakePoint(x,y),4326),ST_SetSRID(ST_MakePoint(x,y),4326)::geography FROM (VALUES
 (1,'Madrid','city',3300000,-3.7038,40.4168),(2,'Sevilla','city',690000,-5.9845,37.3891),(3,'New York','city',8400000,-74.0060,40.7128),
 (4,'Suva','city',93000,178.4419,-18.1416),(5,'Apia','city',37000,-171.7514,-13.8507),(6,'Null Island','poi',0,0.0,0.0)) v(id,name,kind,pop,x,y);
INSERT INTO places VALUES (7,'NoWhere','poi',NULL,NULL,NULL);
CREATE TABLE roads(id int primary key, cls text, geom geometry(LineString,4326));
INSERT INTO roads VALUES (1,'primary','SRID=4326;LINESTRING(0 0,3 4)'),(2,'secondary','SRID=4326;LINESTRING(0 0,1 1,2 0)'),(3,'ring','SRID=4326;LINESTRING(0 0,1 0,1 1,0 0)'),(4,'none',NULL);
CREATE TABLE parcels(id int primary key, owner text, geom geometry(Polygon,3857));
INSERT INTO parcels VALUES (1,'a','SRID=3857;POLYGON((0 0,10 0,10 10,0 10,0 0))'),(2,'a','SRID=3857;POLYGON((10 0,20 0,20 10,10 10,10 0))'),
 (3,'b','SRID=3857;POLYGON((0 20,10 20,10 30,0 30,0 20),(2 22,4 22,4 24,2 24,2 22))'),(4,'b','SRID=3857;POLYGON EMPTY'),(5,'c',NULL);
CREATE TABLE shapes(id int primary key, label text, geom geometry);
INSERT INTO shapes VALUES (1,'pt','POINT(1 2)'),(2,'ptz','POINT Z(1 2 3)'),(3,'ptm','POINT M(1 2 4)'),(4,'ptzm','POINT ZM(1 2 3 4)'),(5,'pt_empty','POINT EMPTY'),
 (6,'line','LINESTRING(0 0,3 4,3 8)'),(7,'line_empty','LINESTRING EMPTY'),(8,'poly','POLYGON((0 0,4 0,4 4,0 4,0 0))'),(9,'poly_hole','POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,4 2,4 4,2 4,2 2))'),
 (10,'bowtie','POLYGON((0 0,2 2,2 0,0 2,0 0))'),(11,'mpt','MULTIPOINT((0 0),(1 1),(2 2))'),(12,'mline','MULTILINESTRING((0 0,1 1),(2 2,3 3))'),
 (13,'mpoly','MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)),((5 5,6 5,6 6,5 6,5 5)))'),(14,'gc','GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1),POLYGON((0 0,1 0,1 1,0 0)))'),
 (15,'gc_empty','GEOMETRYCOLLECTION EMPTY'),(16,'null',NULL),(17,'poly_cw','POLYGON((0 0,0 4,4 4,4 0,0 0))');
