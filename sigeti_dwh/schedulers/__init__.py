"""Start the nights without a Prefect server: a systemd timer of the user, else his crontab."""

from sigeti_dwh.schedulers.command import install, remove, show

__all__ = ["install", "remove", "show"]
