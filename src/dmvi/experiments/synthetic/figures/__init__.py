"""The figures of the synthetic study: tables of `results/synthetic/` in, drawings and claims out."""
