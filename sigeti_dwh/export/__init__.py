"""The marts as files for a spreadsheet: what a login may read, all of one publication."""
