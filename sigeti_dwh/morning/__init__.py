"""The morning report: what was published, as a page and a PDF, and by mail."""
