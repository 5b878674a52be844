"""The synthetic study: classifiers between two Gaussians whose KL is known (Appendix D).

Required inputs: none. Outputs: results/synthetic/{kind}/{setting}.csv, one job per dimension,
learning rate and as many members (seeds and shifts) as are trained at once, and all of them in
results/synthetic/{kind}.csv; kind is estimation, learning, exact or separated. Steps: run_synthetic,
collect_synthetic.
"""

from dmvi.experiments.synthetic.settings import synthetic_jobs

# "estimation", "learning", "exact" or "separated" -> "d1-lr0.0005" -> what that job computes.
SYNTHETIC = synthetic_jobs(config)


rule run_synthetic:
    output:
        "results/synthetic/{kind}/{setting}.csv",
    log:
        "results/logs/run_synthetic/{kind}/{setting}.log",
    benchmark:
        "results/benchmarks/run_synthetic/{kind}/{setting}.tsv"
    wildcard_constraints:
        kind="|".join(SYNTHETIC),
        setting="|".join(name for jobs in SYNTHETIC.values() for name in jobs) or "none",
    conda:
        "../../envs/environment.yaml"
    threads: COSTS.threads_of()
    resources:
        gpu=COSTS.gpus_asked(),
        mem_mb=memory("run_synthetic"),
        runtime=limit("run_synthetic"),
        device=DEVICE,
    params:
        settings=settings("run_synthetic"),
        version=version("run_synthetic"),
        checkpoints="results/checkpoints/synthetic/{kind}/{setting}",
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi run-synthetic --kind {wildcards.kind} --settings {params.settings:q} --csv {output:q} \
            --checkpoints {params.checkpoints:q} --device {resources.device:q} &>>{log:q}
        """


rule collect_synthetic:
    input:
        lambda wildcards: [
            f"results/synthetic/{wildcards.kind}/{setting}.csv"
            for setting in SYNTHETIC[wildcards.kind]
        ],
    output:
        "results/synthetic/{kind}.csv",
    log:
        "results/logs/collect_synthetic/{kind}.log",
    benchmark:
        "results/benchmarks/collect_synthetic/{kind}.tsv"
    wildcard_constraints:
        kind="|".join(SYNTHETIC),
    conda:
        "../../envs/environment.yaml"
    params:
        version=version("collect_synthetic"),
    shell:
        r"""
        python -m dmvi collect-synthetic --tables {input:q} --output {output:q} &>{log:q}
        """
