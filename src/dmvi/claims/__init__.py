"""From a study's tables to verdicts on what the papers claim. No drawing.

Here belong the statistic that decides a claim, its threshold, the rules from intervals to a verdict,
and the ledger that gathers them: one module per group of claims, one function per claim, which says
with `@decides` which claim it is and in which figure. The claims of an experiment stand in its own
folder, `dmvi/experiments/NAME/claims.py`. What is read from disk is in `dmvi.tables`; figures may
import from here, never the other way round. Light to import: no numpy, pandas, matplotlib or torch.
"""
