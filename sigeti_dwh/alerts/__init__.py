"""Who is told when a night fails, is late or right again, or a threshold is crossed; each once."""

from sigeti_dwh.alerts.nights import (
    backup,
    check_freshness,
    left_out_wrongly,
    night,
    night_ended,
    published,
)

__all__ = ["backup", "check_freshness", "left_out_wrongly", "night", "night_ended", "published"]
