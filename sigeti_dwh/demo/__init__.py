"""An invented SIGETI source: plausible data, the same for a seed, a scale and a reference date.

At scale 1: 60 enterprises, 12 zones, 300 lots, 200 requests, 25 campaigns, 1 000 invoices and
about 1 200 payments over three years. Invoices and payments grow with the scale, enterprises,
lots and requests with its power 0.8, campaigns with its square root, zones with its fourth root.
"""

from sigeti_dwh.demo.creation import create, is_empty
from sigeti_dwh.demo.days import advance

__all__ = ["advance", "create", "is_empty"]
