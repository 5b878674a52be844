"""Figures and tables of the study: one module each, drawn from tables on disk only.

Importing this package or any of its modules is light (no numpy, pandas, matplotlib or torch),
because the workflow reads the modules' constants every time it is parsed.
"""
