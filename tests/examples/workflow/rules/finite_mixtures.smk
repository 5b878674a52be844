"""Finite mixtures: KLs of N Gaussians.

Required inputs: none. Outputs: results/finite_mixtures/kl.csv. Steps: measure_mixtures.
"""


rule measure_mixtures:
    output:
        "results/finite_mixtures/kl.csv",
    log:
        "results/logs/measure_mixtures.log",
    benchmark:
        "results/benchmarks/measure_mixtures.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("measure_mixtures"),
        runtime=limit("measure_mixtures"),
    params:
        settings=settings("measure_mixtures"),
        version=version("measure_mixtures"),
    shell:
        r"""
        python -m dmvi measure-mixtures --settings {params.settings:q} --output {output:q} &>{log:q}
        """
