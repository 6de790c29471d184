"""The warehouse's own database: sessions, records, roles, backups."""
