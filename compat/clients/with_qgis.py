"""QGIS without a screen against the demo schema: the browser, opening layers of every kind, requests, expressions, rendering."""

import os
import sys

from offscreen import painted
from qgis.core import (
    QgsAbstractDatabaseProviderConnection,
    QgsAggregateCalculator,
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsDataSourceUri,
    QgsFeatureRequest,
    QgsGeometry,
    QgsPalLayerSettings,
    QgsPointXY,
    QgsProject,
    QgsProviderRegistry,
    QgsRectangle,
    QgsRendererCategory,
    QgsRuleBasedRenderer,
    QgsSettings,
    QgsSpatialIndex,
    QgsSymbol,
    QgsVectorLayer,
    QgsVectorLayerJoinInfo,
    QgsVectorLayerSimpleLabeling,
    QgsVectorSimplifyMethod,
    QgsWkbTypes,
)
from qgis.PyQt.QtGui import QColor

from checks import DATABASE, HOST, PORT, USER, case, run


def source(table, geometry="geom", key="", schema="demo", filter="", estimated=False, srid=None, kind=None, **parameters):
    uri = QgsDataSourceUri()
    uri.setConnection(HOST, str(PORT), DATABASE, USER, "")
    uri.setDataSource(schema, table, geometry, filter, key)
    uri.setUseEstimatedMetadata(estimated)
    if srid:
        uri.setSrid(str(srid))
    if kind is not None:
        uri.setWkbType(kind)
    for name, value in parameters.items():
        uri.setParam(name, value)
    return uri.uri(False)


def opened(table, *arguments, **options):
    layer = QgsVectorLayer(source(table, *arguments, **options), table[:10], "postgres")
    if not layer.isValid():
        raise RuntimeError("not a valid layer: " + table)
    return layer


def connection(**configuration):
    uri = QgsDataSourceUri()
    uri.setConnection(HOST, str(PORT), DATABASE, USER, "")
    return QgsProviderRegistry.instance().providerMetadata("postgres").createConnection(uri.uri(False), configuration)


def corners(box):
    return ["%.4f" % value for value in (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())]


def facts(layer):
    fields = [(field.name(), field.typeName(), field.length(), field.precision(), field.comment()) for field in layer.fields()]
    keys = [layer.fields()[at].name() for at in layer.primaryKeyAttributes()]
    kind = QgsWkbTypes.displayString(layer.wkbType())
    return layer.featureCount(), corners(layer.extent()), layer.crs().authid(), kind, fields, keys


def features(layer, request=None):
    return list(layer.getFeatures(request) if request else layer.getFeatures())


def matching(layer, expression):
    return sorted(feature["id"] for feature in features(layer, QgsFeatureRequest().setFilterExpression(expression)))


@case
def browsed_tables():
    tables = connection(allowGeometrylessTables=True, geometryColumnsOnly=False, dontResolveType=False).tables("demo")
    kinds = lambda table: [(QgsWkbTypes.displayString(k.wkbType), k.crs.authid()) for k in table.geometryColumnTypes()]
    return sorted((t.tableName(), t.geometryColumn(), kinds(t), t.primaryKeyColumns(), int(t.flags()), t.comment()) for t in tables)


@case
def browsed_geometry_columns_only():
    tables = connection(allowGeometrylessTables=False, geometryColumnsOnly=True, estimatedMetadata=True).tables("demo")
    return sorted((table.tableName(), table.geometryColumn()) for table in tables)


@case
def browsed_schemas_and_fields():
    browser = connection()
    fields = [(field.name(), field.typeName()) for field in browser.fields("demo", "parcels")]
    here = [browser.tableExists("demo", name) for name in ("roads", "nowhere")]
    return "demo" in browser.schemas(), fields, here, browser.spatialIndexExists("demo", "roads", "geom")


@case
def one_table_of_the_browser():
    table = connection().table("demo", "twokey")
    return table.primaryKeyColumns(), table.geometryColumn(), table.tableName()


@case
def sql_from_the_browser():
    return connection().executeSql("select gid, name, lanes, round(st_length(geom)::numeric, 4) from demo.roads where gid < 4 order by gid")


@case
def tree_of_the_browser():
    settings, prefix = QgsSettings(), "/PostgreSQL/connections/checks/"
    values = {"host": HOST, "port": str(PORT), "database": DATABASE, "username": USER, "saveUsername": "true"}
    values.update(allowGeometrylessTables=True, geometryColumnsOnly=False, publicOnly=False, dontResolveType=False, sslmode=1)
    for name, value in values.items():
        settings.setValue(prefix + name, value)
    providers = QgsApplication.dataItemProviderRegistry().providers()
    root = next(p for p in providers if p.name().upper().startswith("POSTG")).createDataItem("pg:", None)
    found = []
    for item in root.createChildren():
        for schema in item.createChildren():
            if schema.name() == "demo":
                children = schema.createChildren()
                found.append(sorted(child.name() for child in children))
                found += [sorted(part.name() for part in child.createChildren()) for child in children if child.name() == "roads"]
    return found


@case
def a_layer_with_its_key():
    return facts(opened("cities", key="id"))


@case
def a_layer_whose_key_is_found():
    return facts(opened("roads"))


@case
def a_layer_with_estimated_metadata():
    layer = opened("cities", key="id", estimated=True)
    return layer.crs().authid(), layer.extent().isEmpty()


@case
def a_layer_that_is_told_everything():
    layer = opened("cities", key="id", estimated=True, srid=4326, kind=QgsWkbTypes.Point, checkPrimaryKeyUnicity="0")
    return len(features(layer))


@case
def a_layer_in_metres_with_long_keys():
    layer = opened("parcels", key="gid")
    return facts(layer), sorted(feature["gid"] for feature in features(layer))[-3:]


@case
def a_view():
    return facts(opened("v_cities", key="id"))


@case
def a_view_without_key_is_no_layer():
    return QgsVectorLayer(source("v_cities"), "v", "postgres").isValid()


@case
def a_materialized_view():
    return facts(opened("mv_cities", key="id"))[:4]


@case
def a_table_without_key():
    layer = opened("nopk")
    found = features(layer)
    again = features(layer, QgsFeatureRequest().setFilterFids([feature.id() for feature in found[5:9]]))
    return facts(layer)[0], len(found), sorted(feature["name"] for feature in again)


@case
def a_key_of_two_columns():
    named, left = opened("twokey", key="a,b"), opened("twokey")
    return facts(named)[5], len(features(named)), facts(left)[5]


@case
def a_geography():
    layer = opened("places_geog", "geog", key="id")
    inside = features(layer, QgsFeatureRequest().setFilterRect(QgsRectangle(-8, 34, -2, 36)))
    return facts(layer), len(inside)


@case
def mixed_geometries():
    told = opened("mixed", key="id", srid=4326, kind=QgsWkbTypes.LineString)
    return [feature["note"] for feature in features(told)], QgsVectorLayer(source("mixed", key="id"), "m", "postgres").isValid()


@case
def points_in_space():
    return sorted(feature.geometry().asWkt(2) for feature in features(opened("pts3d", key="id")))[:4]


@case
def a_table_without_geometry():
    layer = opened("plain", None)
    return facts(layer)[0], sorted(tuple(feature.attributes()) for feature in features(layer))


@case
def a_query_as_layer():
    layer = opened("(select id, label, geom from demo.cities where pop between 100000 and 300000)", key="id", schema="")
    return facts(layer)[:4], len(features(layer, QgsFeatureRequest().setFilterRect(QgsRectangle(-8, 36, 8, 40))))


@case
def a_query_with_numbered_rows():
    sql = "(select row_number() over () as n, * from (select name, st_buffer(geom, 0.2) as geom from demo.cities where id < 30) as inside)"
    layer = opened(sql, key="n", schema="", srid=4326, kind=QgsWkbTypes.Polygon)
    return len(features(layer)), {feature.geometry().wkbType() for feature in features(layer)} == {QgsWkbTypes.Polygon}


@case
def a_layer_made_from_sql():
    options = QgsAbstractDatabaseProviderConnection.SqlVectorLayerOptions()
    options.sql = "select gid, owner, geom from demo.parcels where value > 2000"
    options.geometryColumn, options.primaryKeyColumns, options.layerName = "geom", ["gid"], "made"
    return len(features(connection().createSqlVectorLayer(options)))


@case
def every_attribute_type():
    shown = lambda value: value.toString("yyyy-MM-dd HH:mm:ss.zzz") if hasattr(value, "toString") else value
    found = features(opened("cities", key="id"), QgsFeatureRequest().setFilterExpression('"id" in (1, 10, 500)'))
    found.sort(key=lambda feature: feature["id"])
    return [[str(shown(value)) for value in f.attributes()] + [f.geometry().asWkt(6)] for f in found]


@case
def rectangles():
    cities, parcels = opened("cities", key="id"), opened("parcels", key="gid")
    exact = QgsFeatureRequest().setFilterRect(QgsRectangle(-1050000, 4150000, -800000, 4250000)).setFlags(QgsFeatureRequest.ExactIntersect)
    web = QgsFeatureRequest().setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"), QgsProject.instance().transformContext())
    web.setFilterRect(QgsRectangle(-1000000, 4200000, -500000, 4600000))
    requests = [(cities, QgsFeatureRequest().setFilterRect(QgsRectangle(-6, 36, 3, 44))), (parcels, exact), (cities, web)]
    return [len(features(layer, request)) for layer, request in requests]


@case
def what_lies_within_a_distance():
    request = QgsFeatureRequest().setDistanceWithin(QgsGeometry.fromWkt("LINESTRING(-8 36, -5 38)"), 0.8)
    return sorted(feature["id"] for feature in features(opened("cities", key="id"), request))


@case
def few_attributes():
    layer = opened("cities", key="id")
    some = lambda: QgsFeatureRequest().setSubsetOfAttributes(["label"], layer.fields())
    bare = features(layer, some().setFlags(QgsFeatureRequest.NoGeometry))
    return sorted(str(feature["label"]) for feature in bare)[-2:], len(features(layer, some()))


@case
def features_by_number():
    layer = opened("roads", key="gid")
    several = features(layer, QgsFeatureRequest().setFilterFids([9, 3, 77]))
    return [f["name"] for f in features(layer, QgsFeatureRequest().setFilterFid(12))], sorted(f["name"] for f in several)


EXPRESSIONS = [
    '"pop" > 985000 and "pop" <> 990000',
    "\"name\" like 'city _7%'",
    "\"name\" ilike 'CITY 5__' and not \"active\"",
    '"pop" between 3000 and 9000 or "id" = 999',
    '"label" is null and "id" < 60',
    '"id" not in (1, 2, 3) and "id" < 9',
    '"area" * 2 + 1 > 2985',
    '"pop" / 1000 = 17',
    '"id" // 3 = 4',
    '"pop" % 9 = 0 and "id" < 40',
    '"id" ^ 2 < 30',
    "\"name\" ~ 'city 4+$'",
    "\"name\" || '!' = 'city 8!'",
    "coalesce(\"label\", 'none') = 'none' and \"id\" < 55",
    'length("name") = 7 and "id" > 95 and "id" < 110',
    "upper(\"name\") = 'CITY 31' or lower(\"name\") = 'city 32'",
    'abs("area" - 30) < 3',
    'round("area") = 5',
    "\"founded\" = to_date('2000-02-01')",
    "\"seen\" between to_datetime('2024-01-01 03:00:00') and to_datetime('2024-01-01 06:00:00')",
    "year(\"founded\") = 2001 and month(\"founded\") = 2 and \"id\" < 420",
    "to_int(\"code\") is null and \"id\" < 4",
    'case when "active" then "id" else 0 end between 10 and 16',
    "intersects($geometry, geom_from_wkt('POLYGON((-9 34, -7 34, -7 37, -9 37, -9 34))'))",
    '$x > 20 and $y < 38',
    "within($geometry, buffer(geom_from_wkt('POINT(0 40)'), 1.3))",
]


@case
def filter_expressions():
    layer = opened("cities", key="id")
    return [(expression, matching(layer, expression)) for expression in EXPRESSIONS]


@case
def ordered_requests():
    layer = opened("cities", key="id")
    top = QgsFeatureRequest().addOrderBy('"pop"', False).setLimit(5)
    by_label = QgsFeatureRequest().setFilterExpression('"id" < 25')
    by_label.addOrderBy('upper("label")', True, True)
    by_label.addOrderBy('"id"', False)
    return [[feature["id"] for feature in features(layer, request)] for request in (top, by_label)]


@case
def values_and_aggregates():
    layer = opened("cities", key="id")
    at, data = layer.fields().indexOf, layer.dataProvider()
    kinds = ("Count", "Sum", "Mean", "StDev", "Median", "Max", "CountDistinct", "CountMissing")
    numbers = [layer.aggregate(getattr(QgsAggregateCalculator, kind), "pop")[0] for kind in kinds]
    return (
        sorted(str(value) for value in layer.uniqueValues(at("label"))),
        sorted(data.uniqueStringsMatching(at("name"), "88")),
        [str(extreme(at(name))) for name in ("pop", "founded") for extreme in (layer.minimumValue, layer.maximumValue)],
        len(layer.uniqueValues(at("code"), 4)),
        numbers,
    )


@case
def subset_strings():
    layer = opened("cities", key="id")
    taken = layer.setSubsetString("\"pop\" > 940000 and \"label\" = 'label 3'")
    count = layer.featureCount()
    return taken, count, len(features(layer)), layer.setSubsetString("no such thing"), layer.featureCount()


@case
def counts_of_a_legend():
    layer = opened("roads", key="gid")
    at = layer.fields().indexOf("lanes")
    categories = [QgsRendererCategory(value, QgsSymbol.defaultSymbol(layer.geometryType()), str(value)) for value in sorted(layer.uniqueValues(at))]
    layer.setRenderer(QgsCategorizedSymbolRenderer("lanes", categories))
    counter = layer.countSymbolFeatures()
    counter.waitForFinished(60000)
    return [counter.featureCount(item.ruleKey()) for item in layer.renderer().legendSymbolItems()]


def picture(layers, box, system="EPSG:3857"):
    """Both sides must paint as many pixels."""
    return painted(layers, QgsRectangle(*box), QgsCoordinateReferenceSystem(system), 360, 240)


def plain_symbol(layer, colour):
    symbol = QgsSymbol.defaultSymbol(layer.geometryType())
    symbol.setColor(QColor(colour))
    layer.renderer().setSymbol(symbol)
    return layer


@case
def painted_points():
    return picture([plain_symbol(opened("cities", key="id"), "red")], (-1200000, 4000000, 3000000, 7000000))


@case
def painted_polygons_simplified_by_the_server():
    layer = plain_symbol(opened("parcels", key="gid"), "green")
    method, painted = layer.simplifyMethod(), []
    method.setForceLocalOptimization(False)
    method.setSimplifyHints(QgsVectorSimplifyMethod.GeometrySimplification)
    for algorithm in ("Distance", "SnapToGrid", "Visvalingam"):
        method.setSimplifyAlgorithm(getattr(QgsVectorSimplifyMethod, algorithm))
        layer.setSimplifyMethod(method)
        painted.append(picture([layer], (-1200000, 4000000, 2800000, 5000000)))
    return painted


@case
def painted_lines():
    return picture([plain_symbol(opened("roads", key="gid"), "blue")], (-12, 33, 28, 60), "EPSG:4326")


@case
def a_painted_map():
    cities, parcels = plain_symbol(opened("cities", key="id"), "red"), opened("parcels", key="gid")
    labels = QgsPalLayerSettings()
    labels.fieldName = "name"
    cities.setLabeling(QgsVectorLayerSimpleLabeling(labels))
    cities.setLabelsEnabled(True)
    rules = QgsRuleBasedRenderer.Rule(None)
    symbol = QgsSymbol.defaultSymbol(parcels.geometryType())
    symbol.setColor(QColor("gray"))
    rules.appendChild(QgsRuleBasedRenderer.Rule(symbol, 0, 0, '"value" > 500 and "owner" <> \'owner 3\''))
    parcels.setRenderer(QgsRuleBasedRenderer(rules))
    others = [plain_symbol(opened("roads", key="gid"), "blue"), plain_symbol(opened("places_geog", "geog", key="id"), "orange")]
    return picture([cities, parcels, *others, plain_symbol(opened("nopk"), "black")], (-1200000, 4000000, 3000000, 7000000)) > 200


@case
def neighbours():
    layer = opened("cities", key="id")
    index = QgsSpatialIndex(layer.getFeatures())
    return index.nearestNeighbor(QgsPointXY(3.3, 41.1), 3)


@case
def stored_styles():
    layer = opened("cities", key="id")
    return layer.loadDefaultStyle()[1], layer.listStylesInDatabase()[0]


@case
def metadata_of_a_layer():
    cities, parcels = opened("cities", key="id"), opened("parcels", key="gid")
    data = cities.dataProvider()
    related = [(relation.name(), relation.isValid()) for relation in parcels.dataProvider().discoverRelations(parcels, [parcels, cities])]
    constraints = [int(data.fieldConstraints(at)) for at in range(3)]
    return related, data.dataComment(), data.defaultValueClause(0), constraints, parcels.dataProvider().hasSpatialIndex()


@case
def emptiness():
    layer = opened("roads", key="gid")
    before = layer.dataProvider().empty(), layer.hasFeatures()
    layer.setSubsetString('"gid" < 0')
    return before, layer.dataProvider().empty(), layer.featureCount()


@case
def a_joined_layer():
    parcels, cities = opened("parcels", key="gid"), opened("cities", key="id")
    QgsProject.instance().addMapLayer(cities, False)
    join = QgsVectorLayerJoinInfo()
    join.setJoinLayer(cities)
    join.setJoinFieldName("id")
    join.setTargetFieldName("city_id")
    join.setUsingMemoryCache(False)
    parcels.addJoin(join)
    found = features(parcels, QgsFeatureRequest().setFilterExpression('"gid" in (4, 8)'))
    names = sorted(feature["cities_name"] for feature in found)
    QgsProject.instance().removeMapLayer(cities.id())
    return names


run("qgis")
sys.stdout.flush()
os._exit(0)
