"""What is in the warehouse, how fresh it is, and whether it is all right.

objects measures tables and views; freshness, guards, reconciliation and records judge them; history
remembers; survey puts these together, and brief, tables, page and machines show what it found.
Neither dbt nor Prefect is imported here.
"""
