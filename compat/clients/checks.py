"""What the client scripts share: connection facts from the environment, one JSON line per check on standard output.

A script registers checks with @case; run(NAME) plays them in order. A line is {"check", "value"} or {"check", "error"}; the integration
tests play a script against PostgreSQL and against Graticule and compare the lines."""

import json
import os
import sys

HOST = os.environ["PGHOST"]
PORT = int(os.environ["PGPORT"])
USER = os.environ["PGUSER"]
DATABASE = os.environ["PGDATABASE"]
CASES = []


def case(function):
    CASES.append(function)
    return function


def plain(value):
    """A value as JSON tells it apart: floats keep nine digits, bytes are hex, all else has its own text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return "float " + format(value, ".9g")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "bytes " + bytes(value).hex()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return type(value).__name__ + " " + str(value)


def run(name):
    for function in CASES:
        line = {"check": name + "." + function.__name__}
        try:
            line["value"] = plain(function())
        except Exception as error:
            line["error"] = type(error).__name__ + ": " + str(error).split("\n")[0]
        print(json.dumps(line, sort_keys=True), flush=True)
