#!/usr/bin/env python3
"""Compares tables of spatial functions by target (tab-separated: construct, then per target its SQL and `exact`, `approx` or `unsupported`) with
our rows: how docs/functions.md says that each construct is answered, and why not there.

usage: cells.py [-v] TABLE.tsv ...      -v: each cell that is claimed and not answered there, with the reason of its row
"""
import collections, csv, os, re, sys, tomllib

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TARGETS = {"sedona_spark": "sedona"}
# Constructs that are no function's name: the functions behind them.
OTHER = {
    "&&": "geometry_overlaps(geometry,geometry)", "&&(geography)": "geography_overlaps(geography,geography)", "@": "geometry_within(geometry,geometry)",
    "~": "geometry_contains(geometry,geometry)", "~=": "geometry_same(geometry,geometry)", "=": "geometry_eq(geometry,geometry)",
    "<->": "geometry_distance_centroid(geometry,geometry)", "<->(geography)": "geography_distance_knn(geography,geography)",
    "<#>": "geometry_distance_box(geometry,geometry)", "ORDER BY geometry": "geometry_lt(geometry,geometry)",
    "a && b (2D bbox overlap)": "geometry_overlaps(geometry,geometry)", "a @ b (bbox contained by)": "geometry_within(geometry,geometry)",
    "a ~ b (bbox contains)": "geometry_contains(geometry,geometry)", "a ~= b (bbox equal)": "geometry_same(geometry,geometry)",
    "a &< b, a &> b, <<, >>, |>>, <<|": "geometry_overleft(geometry,geometry)",
    "a <-> b in ORDER BY ... LIMIT k (KNN)": "geometry_distance_centroid(geometry,geometry)",
    "a <#> b (bbox distance)": "geometry_distance_box(geometry,geometry)", "a = b (geometry equality), GROUP BY/DISTINCT geom": "geometry_eq(geometry,geometry)",
    "text::geometry": "geometry(text)", "geometry::text": "text(geometry)", "geometry::bytea": "bytea(geometry)", "geometry::json": "json(geometry)",
    "geometry::geography": "geography(geometry)", "geography::geometry": "geometry(geography)", "geometry::box2d": "box2d(geometry)",
    "g::geography (from geometry)": "geography(geometry)", "g::geometry (from geography)": "geometry(geography)",
    "'POINT(1 2)'::geometry / text input": "geometry(text)", "g::text / g::bytea / g::json": "text(geometry)",
    "geometry out": "st_asewkb(geometry)", "ST_AsHEXEWKB(g) / ::text of a geometry": "st_ashexewkb(geometry)",
    "S2 cell id of point(level)": "s2_", "S2 covering cells": "s2_", "S2 boundary / parent / children / token": "s2_",
    "S2: cell id": "s2_", "S2: boundary": "s2_", "quadkey": "quadbin_",
    "quadbin: from lon/lat": "quadbin_fromlonglat", "quadbin: to zxy/boundary": "quadbin_tozxy",
    "H3: lat/lng to cell": "h3_lat_lng_to_cell", "H3: cell to boundary": "h3_cell_to_boundary", "H3: cell to center": "h3_cell_to_lat_lng",
    "H3: parent": "h3_cell_to_parent", "H3: children": "h3_cell_to_children", "H3: polyfill": "h3_polygon_to_cells", "H3: k-ring": "h3_grid_disk",
    "H3: distance": "h3_grid_distance", "H3: resolution/valid": "h3_get_resolution", "h3index::bigint / ::text": "h3_is_valid_cell",
    "h3 covering (containment overlapping)": "h3_polygon_to_cells",
    "ST_Extent::geometry": "st_extent(geometry)", "ST_Expand(g,d)": "st_expand(geometry,float8)",
    "ST_Area(ST_Transform(g,3857))": "st_transform(geometry,int4)", "ST_SetSRID(ST_MakePoint(x,y),4326)": "st_setsrid(geometry,int4)",
    "ST_SetSRID(ST_MakePoint(x,y),4326)::geography": "geography(geometry)",
    "ST_Transform(constant envelope, 4326) (QGIS/GeoServer filter)": "st_transform(geometry,int4)",
    "ST_MakeBox2D / Box2D(g) / Box3D": "box2d(geometry)", "spatial_ref_sys / Find_SRID / ST_SRID of column": "st_srid(geometry)",
    "ST_AsMVT(row,...)": "st_asmvt", "ST_AsMVTGeom(g,bounds,extent,buffer,clip)": "st_asmvtgeom",
}
# Answered by the catalog here, or part of DDL: no function.
NONE = re.compile(r"typmod|geometry_columns|PostGIS_Version")
BETTER = ["refused", "local", "superset", "rewritten", "native"]


def answers():
    """signature -> target -> how."""
    found = {}
    for line in open(os.path.join(ROOT, "docs", "functions.md")):
        cells = [cell.strip().replace("\\", "") for cell in line.strip().strip("|").split("|")]
        if cells[0] == "function":
            targets = cells[1:]
        elif "(" in cells[0] and cells[0].endswith(")") and len(cells) > 5:
            found[cells[0]] = dict(zip(targets, [cell.split(",")[0] for cell in cells[1:]]))
    return found


def reasons(target):
    found = {}
    with open(os.path.join(ROOT, "dialects", target, "postgis.toml"), "rb") as file:
        for row in tomllib.load(file)["functions"]:
            why = row.get("local") or row.get("refuse") or (f"guard: {row['guard']}" if "guard" in row else None)
            found[row["function"]] = why
    return found


def signatures(construct, known):
    """The signatures that a construct stands for."""
    if NONE.search(construct):
        return None
    if construct in OTHER:
        named = OTHER[construct]
        return [named] if named in known else [name for name in known if name.startswith(named)]
    found = []
    for part in re.split(r" / |/(?=ST_|h3_)", construct):
        name = re.match(r"\(?([A-Za-z0-9_]+)", part.strip())
        if not name:
            continue
        same = [other for other in known if other.split("(")[0] == name[1].lower()]
        geography = "geography" in part or "geog," in part
        same = [other for other in same if ("geography" in other) == geography] or same
        written = re.match(r"\(?[A-Za-z0-9_]+\(([^)]*)\)", part.strip())
        if written and "agg" not in part and "aggregate" not in part:
            required = len([a for a in re.sub(r"\[.*", "", written[1]).split(",") if a.strip()])
            exact = [other for other in same if len([a for a in other.split("(")[1].rstrip(")").split(",") if a]) >= required]
            same = exact or same
        found += same
    return found


def main():
    verbose = "-v" in sys.argv
    known = answers()
    # target -> construct -> (claimed, how, why)
    cells = collections.defaultdict(dict)
    unnamed = set()
    rows_of = {}
    for path in [path for path in sys.argv[1:] if path != "-v"]:
        rows = csv.DictReader(open(path), delimiter="\t", quoting=csv.QUOTE_NONE)
        for row in rows:
            construct = row["construct"]
            stands = signatures(construct, known)
            for column in [name for name in rows.fieldnames if name + "_exactness" in rows.fieldnames or name == "sedona_spark"]:
                target = TARGETS.get(column, column)
                claimed = row[target + "_exactness"].split()[0]
                if stands is None:
                    cells[target][construct] = (claimed, "catalog", None)
                    continue
                if not stands:
                    unnamed.add(construct)
                why = rows_of.setdefault(target, reasons(target))
                how = [(BETTER.index(known[name][target]), name in why, -len(name), name) for name in stands]
                level, _, _, name = max(how) if how else (0, False, 0, construct)
                cells[target][construct] = (claimed, BETTER[level], name)
    print("| target | exact + approx cells | answered there | superset | finished here | catalog | refused | functions that run there (whole language, spatial) |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for target, found in cells.items():
        claimed = {construct: cell for construct, cell in found.items() if cell[0] != "unsupported"}
        count = collections.Counter(cell[1] for cell in claimed.values())
        why = reasons(target)
        there = sum(1 for name in why if known[name][target] in ("native", "rewritten", "superset"))
        print(f"| {target} | {len(claimed)} | {count['native'] + count['rewritten']} | {count['superset']} | {count['local']} | {count['catalog']} "
              f"| {count['refused']} | {there} |")
    for target, found in cells.items() if verbose else ():
        why = reasons(target)
        print(f"\n## {target}")
        for construct, (claimed, how, name) in found.items():
            if claimed != "unsupported" and how not in ("native", "rewritten"):
                print(f"{claimed}\t{how}\t{construct}\t{name}\t{why.get(name) or 'no row'}")
    if unnamed:
        print("\nno function of ours:", "; ".join(sorted(unnamed)))


main()
