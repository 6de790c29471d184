"""The morning report: its figures are those of SQL, and no reader sees those of another's zones."""

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sigeti_dwh.errors import UserError
from sigeti_dwh.morning import country
from sigeti_dwh.morning.command import after_publication
from sigeti_dwh.morning.content import Report, Section, Table
from sigeti_dwh.morning.french import amount, change, day, number, share
from sigeti_dwh.morning.pages import as_html, as_pdf
from sigeti_dwh.morning.report import gather, write
from sigeti_dwh.settings import Settings

from .readers import Site
from .warehouse import Warehouse, today

FINANCE = "dwh_marts_financier.mart_performance_zones"


class Texts(HTMLParser):
    """What a reader sees of a page, text by text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.found.append(data.strip())


def _texts_without_styles(page: str) -> list[str]:
    """Return the texts; in the style of a chart stands a number of its own each time."""
    return Texts(re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)).found


def test_the_page_shows_what_sql_says(warehouse: Warehouse) -> None:
    texts = Texts(as_html(gather(warehouse.settings))).found
    [(owed, late)] = warehouse.rows(
        f"select sum(montant_restant_du), sum(montant_en_retard) from {FINANCE}"
    )
    assert amount(owed) in texts
    assert f"en retard : {amount(late)}" in texts
    [(declared, confirmed)] = warehouse.rows(
        f"select sum(montant_regle_declare), sum(montant_regle_confirme) from {FINANCE} "
        f"where annee = {today().year}"
    )
    assert f"réglé déclaré : {amount(declared)}" in texts
    assert f"réglé confirmé : {amount(confirmed)}" in texts
    for tranche, restant in warehouse.rows(
        "select tranche, sum(montant_restant_du) "
        "from dwh_marts_financier.mart_balance_agee group by tranche"
    ):
        row = texts.index(tranche, texts.index("Tranche"))
        assert number(restant) in texts[row : row + 8]


def test_campaigns_that_run_are_those_of_sql(warehouse: Warehouse) -> None:
    texts = Texts(as_html(gather(warehouse.settings))).found
    running = warehouse.rows("""
        select reference, montant_facture, montant_restant_du, montant_regle_declare,
            montant_regle_confirme
        from dwh_marts_financier.mart_recouvrement_collectes
        where not est_cloturee and not est_a_venir
    """)
    assert len(running) > 1
    invoiced, left, declared, confirmed = (
        sum(row[place] for row in running) for place in range(1, 5)
    )
    begin = texts.index("Campagnes en cours")
    assert number(len(running)) == texts[begin + 1]
    for shown in (
        amount(left),
        f"facturé : {amount(invoiced)}",
        f"{share(declared, invoiced)} déclaré",
        f"{share(confirmed, invoiced)} confirmé",
    ):
        assert shown in texts[begin:]
    for reference, *amounts in running[:5]:
        row = texts.index(reference)
        assert {number(one) for one in amounts[:2]} < {*texts[row : row + 16]}


def test_jobs_and_cases_are_those_of_sql(warehouse: Warehouse) -> None:
    texts = Texts(as_html(gather(warehouse.settings))).found
    [(announced, approved, invested)] = warehouse.rows(f"""
        select sum(emplois_total), sum(emplois_total_approuves), sum(montant_investissement)
        from dwh_marts_operationnel.mart_emplois_investissements where annee = {today().year}
    """)
    begin = texts.index(f"Emplois annoncés en {today().year}")
    assert texts[begin + 1 : begin + 3] == [
        number(announced),
        f"demandes approuvées : {number(approved)}",
    ]
    assert amount(invested) in texts[begin:]
    cases = warehouse.rows("""
        select nom_processus, sum(nombre_dossiers) filter (where etat = 'ouvert'),
            sum(nombre_en_retard), sum(duree_totale_jours) / sum(nombre_clos)
        from dwh_marts_operationnel.mart_suivi_dossiers group by nom_processus
    """)
    assert len(cases) > 1
    section = texts.index("Suivi des dossiers")
    for process, running, late, days in cases:
        row = texts.index(process, section)
        shown = {number(running), number(late), number(days, 1)}
        assert shown <= {*texts[row : row + 14]}


def test_the_path_of_requests_is_that_of_sql(warehouse: Warehouse) -> None:
    texts = Texts(as_html(gather(warehouse.settings))).found
    section = texts.index("Parcours des demandes")
    mart = "dwh_marts_operationnel.mart_parcours_demandes"
    [(waiting, bottlenecks)] = warehouse.rows(
        f"select sum(demandes_en_cours), count(*) filter (where est_goulot) from {mart}"
    )
    assert texts[texts.index("Demandes en cours", section) + 1] == number(waiting)
    assert texts[texts.index("Goulots", section) + 1] == number(bottlenecks)
    table = texts.index("Responsable", section)
    for step, passed, days in warehouse.rows(
        "select nom_etape, sum(nombre_passages), sum(duree_totale_jours) / sum(nombre_durees) "
        f"from {mart} group by nom_etape having sum(nombre_durees) > 0"
    ):
        row = texts.index(step, table)
        assert {number(passed), number(days, 1)} <= {*texts[row : row + 14]}


def test_the_page_asks_for_nothing(warehouse: Warehouse) -> None:
    page = as_html(gather(warehouse.settings))
    addresses = set(re.findall(r"https?://[^\s\"'<]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<script|<link|<img|\bsrc=|@import|url\(", page)
    assert page.count('class="rect reactive') > 0, "the bars are drawn"


def test_a_reader_of_one_zone_gets_no_figure_of_another(site: Site) -> None:
    settings = site.warehouse.settings
    [(zone,)] = site.owner("select zone_id from dwh_meta.droits_zones where login = 'une_zone'")
    texts = _texts_without_styles(as_html(gather(settings, "une_zone")))
    of_the_zone = _texts_without_styles(as_html(gather(settings, zones=[zone])))
    assert texts == of_the_zone, "as the zone by itself"
    names = site.owner("select zone_id, nom_zone from dwh_marts_occupation.mart_occupation_zones")
    for identifier, name in names:
        assert any(name in text for text in texts) == (identifier == zone)
    [(owed,)] = site.owner(f"select sum(montant_restant_du) from {FINANCE} where zone_id = {zone}")
    assert amount(owed) in texts
    with pytest.raises(UserError, match="no login 'personne'"):
        gather(settings, "personne")


def test_nothing_published_is_said_and_fails_no_night(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="Nothing is published"):
        gather(settings)
    after_publication(settings)
    assert "The morning report could not be made: Nothing is" in capsys.readouterr().err


def test_names_are_escaped_in_both_and_files_are_the_owner_s(tmp_path: Path) -> None:
    name = "<b>Cacao</b> & #fils *$"
    table = Table("Noms", ("Nom", "Reste"), [[name, "1"]])
    report = Report("Rapport", "30 novembre 2026", "Toutes", [Section("Un", tables=[table])])
    assert name in Texts(as_html(report)).found or "&lt;b&gt;Cacao" in as_html(report)
    assert "<b>Cacao" not in as_html(report)
    for path in write(report, tmp_path / "report" / "r.html"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert as_pdf(replace(report, sections=[])).startswith(b"%PDF")


def test_zones_are_on_the_map_where_they_are_by_colour_and_size() -> None:
    full = country.Zone("Zone industrielle d'Akoupé <1>", -5.6, 9.4, 40, Decimal(97))
    empty = country.Zone("Zone industrielle du Sud", -4.0, 5.3, 10, None)
    drawn = country.draw([full, empty])
    circles = re.findall(r'cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)" fill="(#\w+)" fill-op', drawn)
    shown = {colour: (float(x), float(y), float(r)) for x, y, r, colour in circles}
    north, south = shown[country.LEVELS[-1][1]], shown[country.UNKNOWN[0]]
    assert north[0] < south[0] and north[1] < south[1]
    assert north[2] == pytest.approx(2 * south[2], abs=0.2), "four times the area"
    assert ">Akoupé &lt;1&gt;</text>" in drawn and ">Sud</text>" in drawn


def test_names_on_the_map_cover_neither_each_other_nor_a_circle() -> None:
    close = [
        country.Zone(f"Zone industrielle de Treichville {n}", -4.0 + n / 50, 5.3, 30, Decimal(n))
        for n in range(12)
    ]
    drawn = country.draw(close)
    width, height = map(float, re.findall(r'viewBox="0 0 (\d+) (\d+)"', drawn)[0])
    half_high = country.LINE_HEIGHT / 2
    boxes = [
        (float(x), float(y) + 5 - half_high, len(name) * country.LETTER_WIDTH / 2, half_high)
        for x, y, name in re.findall(
            r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="middle"[^>]*>([^<]+)<', drawn
        )
    ]
    assert len(boxes) == len(close)
    circles = re.findall(r'cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)" fill="#\w+" fill-op', drawn)
    taken = [(float(x), float(y), float(r), float(r)) for x, y, r in circles] + boxes
    for one in boxes:
        x, y, half_wide, half_tall = one
        assert half_wide - 1 < x < width - half_wide + 1 and half_tall - 1 < y < height - half_tall
        for other in (place for place in taken if place is not one):
            apart_x = abs(x - other[0]) - half_wide - other[2]
            assert max(apart_x, abs(y - other[1]) - half_tall - other[3]) > -0.2


def test_numbers_are_written_as_in_french() -> None:
    assert amount(1234567) == "1\u202f234\u202f567\u202fFCFA"
    assert change(90, 120) == "−25,0\u202f%"
    assert change(1, 0) == "–"
    assert day(today().replace(month=11, day=1)).startswith("1er novembre")
