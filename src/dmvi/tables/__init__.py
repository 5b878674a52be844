"""A study's tables, read and checked, and the numbers in them that claims and figures share.

Here belongs what both need to know about the files under results/: which columns a table must
have, the runs they belong to, which of a sweep's settings is best. No threshold, no verdict (those
are in `dmvi.claims`) and no drawing (`dmvi.figures`). Light to import: numpy and pandas load with
the first table.
"""
