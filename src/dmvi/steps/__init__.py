"""The steps of the pipeline: each reads files, calls the mathematics, and writes files.

One module per rule of the workflow; `python -m dmvi STEP` is the thin command line over them. Each
can as well be called from a notebook.
"""
