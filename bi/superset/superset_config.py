"""Superset's settings: French, FCFA, nothing sent anywhere, its own state in SUPERSET_HOME."""

import json
import os
from pathlib import Path
from typing import Any

from flask import Flask, Response, redirect, request
from werkzeug import Response as BaseResponse

HOME = Path(os.environ["SUPERSET_HOME"])

SECRET_KEY = (HOME / "secret_key").read_text(encoding="utf-8").strip()
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}"


def as_reader(
    uri: Any, params: dict[str, Any], username: str | None, security_manager: Any, source: Any
) -> tuple[Any, dict[str, Any]]:
    """Ask the warehouse as the login of who looks, whose rows its policies choose.

    The administrator asks as DWH_BI_USER. An account without a login of its own gets nothing.
    """
    if security_manager.is_admin():
        return uri, params
    logins = HOME / "logins.json"
    known = json.loads(logins.read_text(encoding="utf-8")) if logins.exists() else {}
    if username not in known:
        raise PermissionError("Ce compte n'a pas d'accès à l'entrepôt : voir l'administrateur.")
    return uri.set(username=username, password=known[username]), params


DB_CONNECTION_MUTATOR = as_reader
FEATURE_FLAGS = {"CACHE_QUERY_BY_USER": True}


def as_french_pages(app: Flask) -> None:
    """Correct the French of Superset 6.1, and let a phone lay its pages out by its own width.

    Its translation calls this year *Lancer la requête*, and the row of totals Sunday; the name of
    the chosen period it translates nowhere, so that the page itself has to.
    """

    @app.before_request
    def skip_welcome() -> BaseResponse | None:
        return redirect(LOGO_TARGET_PATH) if request.path == "/superset/welcome/" else None

    @app.after_request
    def correct(response: Response) -> Response:
        if response.status_code != 200:
            return response
        if request.path == "/superset/language_pack/fr/":
            response.direct_passthrough = False
            pack = response.get_json()
            words = pack["locale_data"]["superset"]
            words.update({english: [french] for english, french in FRENCH.items()})
            response.set_data(json.dumps(pack))
        elif response.mimetype == "text/html" and (nonce := getattr(request, "csp_nonce", None)):
            head = HEAD.format(nonce=nonce, words=json.dumps(FRENCH))
            response.set_data(response.get_data(as_text=True).replace("</head>", head, 1))
        return response


FRENCH = json.loads(Path(__file__).with_name("francais.json").read_text(encoding="utf-8"))
HEAD = """\
<meta name="viewport" content="width=device-width, initial-scale=1">
<script nonce="{nonce}">
  const french = {words};
  new MutationObserver(() => {{
    for (const {{ firstChild: text }} of document.querySelectorAll(".date-label-content")) {{
      if (text?.data in french) text.data = french[text.data];
    }}
  }}).observe(document, {{ childList: true, characterData: true, subtree: true }});
</script>
</head>"""
LOGO_TARGET_PATH = "/dashboard/list/"
FLASK_APP_MUTATOR = as_french_pages
THEME_DARK = None
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
