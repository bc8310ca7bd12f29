"""QGIS without a screen: imported before anything else of QGIS, it starts the application on a profile of its own."""

import os
import tempfile

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
PROFILE = tempfile.mkdtemp()
for name in ("XDG_RUNTIME_DIR", "QGIS_CUSTOM_CONFIG_PATH", "QGIS_AUTH_DB_DIR_PATH"):
    os.environ[name] = PROFILE

from qgis.core import QgsApplication, QgsMapRendererParallelJob, QgsMapSettings
from qgis.PyQt.QtCore import QCoreApplication, QSize
from qgis.PyQt.QtGui import QColor

application = QgsApplication([], True)
QCoreApplication.setOrganizationName("graticule")
QCoreApplication.setApplicationName("clients")
application.initQgis()


def painted(layers, extent, system, width, height, path=None):
    """Draws layers over white and says how many of every ninth pixel are coloured."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setOutputSize(QSize(width, height))
    settings.setDestinationCrs(system)
    settings.setExtent(extent)
    settings.setBackgroundColor(QColor("white"))
    settings.setFlag(QgsMapSettings.UseRenderingOptimization, True)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    if job.errors():
        raise RuntimeError("; ".join(error.message for error in job.errors()))
    image = job.renderedImage()
    if path:
        image.save(path)
    white = QColor("white").rgb()
    return sum(image.pixel(x, y) != white for x in range(0, width, 3) for y in range(0, height, 3))
