"""Superset's settings: French, FCFA, nothing sent anywhere, its own state in SUPERSET_HOME."""

import os
import re
from pathlib import Path

from flask import Flask, Response, request

HOME = Path(os.environ["SUPERSET_HOME"])

SECRET_KEY = (HOME / "secret_key").read_text(encoding="utf-8").strip()
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}"


def correct_french(app: Flask) -> None:
    """Correct the French of Superset 6.1, which calls the row of totals of a table Sunday."""

    @app.after_request
    def call_it_total(response: Response) -> Response:
        if request.path == "/superset/language_pack/fr/" and response.status_code == 200:
            response.direct_passthrough = False
            text = response.get_data(as_text=True)
            response.set_data(re.sub(r'("Summary": *\[)"Dimanche"', r'\1"Total"', text))
        return response


FLASK_APP_MUTATOR = correct_french
BABEL_DEFAULT_LOCALE = "fr"
LANGUAGES = {"fr": {"flag": "fr", "name": "Français"}}
NARROW_SPACE, SPACE = "\u202f", "\u00a0"
D3_FORMAT = {
    "decimal": ",",
    "thousands": NARROW_SPACE,
    "grouping": [3],
    "currency": ["", f"{SPACE}FCFA"],
    "percent": f"{NARROW_SPACE}%",
}
D3_TIME_FORMAT = {
    "dateTime": "%A %e %B %Y à %X",
    "date": "%d/%m/%Y",
    "time": "%H:%M:%S",
    "periods": ["", ""],
    "days": ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
    "shortDays": ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
    "months": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    "shortMonths": [
        "janv.",
        "févr.",
        "mars",
        "avr.",
        "mai",
        "juin",
        "juil.",
        "août",
        "sept.",
        "oct.",
        "nov.",
        "déc.",
    ],
}

# The browser may talk to this server alone: Superset's own policy lets it call scarf.sh.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
SESSION_COOKIE_SAMESITE = "Lax"
