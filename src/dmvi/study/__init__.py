"""From a config.yaml to runs, settings and selections: plain data. Imports no torch, no pandas, no figure."""
