"""The load of optional areas: documents of files, of MongoDB or of PostgreSQL, one row each."""
