"""Prepares data sets.

Required inputs: none, or the files in `data_dir`. Outputs: results/data/{dataset}/.
Steps: download (or read) and build once into uint8 arrays with splits.
"""


rule prepare_data:
    input:
        files_given,
    output:
        images="results/data/{dataset}/images.npy",
        labels="results/data/{dataset}/labels.npy",
        meta="results/data/{dataset}/meta.json",
    log:
        "results/logs/prepare_data/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare_data/{dataset}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("prepare_data"),
        runtime=limit("prepare_data"),
        # Where the files come from, not what they are: as resources they rebuild nothing.
        data_dir=config.get("data_dir") or "",
        raw=f"{REPOSITORY}/raw",
    params:
        spec=settings("prepare_data"),
        version=dataset_version,
        output=subpath(output.meta, parent=True),
    shell:
        r"""
        python -m dmvi prepare-data --name {wildcards.dataset:q} --spec {params.spec:q} \
            --raw {resources.raw:q} --data-dir={resources.data_dir:q} \
            --output {params.output:q} &>{log:q}
        """
