"""The Python around the dbt project: settings, servers, load, runs, reports."""
