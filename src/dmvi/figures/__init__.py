"""Figures and tables of the study: one module each, drawn from tables on disk only.

Those of an experiment lie in its own folder. Importing this package or any of its modules is light (no
numpy, pandas, matplotlib or torch); the workflow does not import them, it reads what they declare
(`dmvi.study.declared_figures`).
"""
