"""Who is told when a night fails, is right again, or has not ended in time; each of it once."""

from sigeti_dwh.alerts.nights import (
    backup,
    check_freshness,
    left_out_wrongly,
    night,
    night_ended,
)

__all__ = ["backup", "check_freshness", "left_out_wrongly", "night", "night_ended"]
