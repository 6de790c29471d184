"""A run of the dbt project, layer by layer: what it does, finds and leaves behind."""
