"""Slurm's left jobs, and guarded changes of Snakemake and its Slurm plugin."""
