"""What is in the warehouse, how fresh it is, and whether it is all right.

objects measures tables and views, freshness and guards and reconciliation and runs judge them,
history remembers, health looks at the server; cli puts them together, formats and page show them.
Neither dbt nor Prefect is imported here.
"""
