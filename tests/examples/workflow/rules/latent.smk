rule measure_norms:
    input:
        codes="results/runs/{run}/seed{seed}/codes.npy",
    output:
        "results/runs/{run}/seed{seed}/norms.csv",
    log:
        "results/logs/measure_norms/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_norms/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("measure_norms"),
        runtime=limit("measure_norms"),
    params:
        settings=settings("measure_norms", "norms.csv"),
        version=version("measure_norms"),
    shell:
        r"""
        python -m dmvi measure-norms --codes {input.codes:q} --settings {params.settings:q} \
            --output {output:q} &>{log:q}
        """
