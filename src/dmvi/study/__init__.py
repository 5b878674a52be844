"""From a config.yaml to runs, settings and selections: plain data. Imports no torch, no pandas, no figure.

`config` loads, `schema` and `checks` refuse, `runs` and `resolve` make runs of entries, `selection`
gives figures their runs; `declarations`, `declared_figures` and `experiments` read what files declare.
"""
