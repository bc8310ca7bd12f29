"""QGIS without a screen draws one layer: all of it, then a part (a pan), and identifies what is in its middle.

usage: PGHOST=... PGPORT=... PGDATABASE=... qgis_layer.py schema.table key geometry x,y,width picture.png
Prints one JSON object: features drawn, features in the part, what is identified at x,y, and coloured pixels of both pictures.
"""

import json
import os
import sys

from offscreen import painted
from qgis.core import QgsDataSourceUri, QgsFeatureRequest, QgsRectangle, QgsVectorLayer, QgsWkbTypes


def drawn(layer, extent, path):
    return painted([layer], extent, layer.crs(), 900, 500, path)


def main():
    relation, key, geometry, place, picture = sys.argv[1:6]
    schema, table = relation.split(".")
    x, y, width = (float(part) for part in place.split(","))
    uri = QgsDataSourceUri()
    uri.setConnection(os.environ["PGHOST"], os.environ["PGPORT"], os.environ["PGDATABASE"], os.environ.get("PGUSER", "postgres"), "")
    uri.setDataSource(schema, table, geometry, "", key)
    uri.setSrid("4326")
    uri.setWkbType(getattr(QgsWkbTypes, sys.argv[6] if len(sys.argv) > 6 else "Point"))
    layer = QgsVectorLayer(uri.uri(False), table, "postgres")
    if not layer.isValid():
        raise RuntimeError("not a valid layer: " + layer.error().message())
    extent = layer.extent()
    extent.grow(1)
    part = QgsRectangle(x - width / 2, y - width / 4, x + width / 2, y + width / 4)
    found = {"features": sum(1 for _ in layer.getFeatures()), "pixels": drawn(layer, extent, picture)}
    found["part"] = sum(1 for _ in layer.getFeatures(QgsFeatureRequest(part)))
    found["part_pixels"] = drawn(layer, part, picture.replace(".png", "-part.png"))
    # As the identify tool asks: what meets a small box, exactly.
    box = QgsRectangle(x - width / 200, y - width / 200, x + width / 200, y + width / 200)
    request = QgsFeatureRequest(box).setFlags(QgsFeatureRequest.ExactIntersect)
    found["identified"] = sorted(str(feature[key]) for feature in layer.getFeatures(request))
    print(json.dumps(found))


main()
