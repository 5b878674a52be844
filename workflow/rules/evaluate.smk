"""Pictures and scores of trained models.

Required inputs: a trained model and its data set. Outputs: samples, reconstructions, quality.json.
Steps: generate.
"""


rule generate:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
    output:
        multiext(
            "results/runs/{run}/seed{seed}/",
            "samples.npy",
            "originals.npy",
            "reconstructions.npy",
            "quality.json",
        ),
    log:
        "results/logs/generate/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/generate/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        gpu=train_gpu,
        mem_mb=estimate_memory,
        runtime=60,
        device=DEVICE,
    params:
        settings=canonical(ESTIMATORS["quality"]),
        version=STEP_VERSION["generate"],
        data=dataset_folder,
        output=subpath(output[0], parent=True),
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi generate --model {input.model:q} --data {params.data:q} \
            --settings {params.settings:q} --seed {wildcards.seed} \
            --device {resources.device:q} --output {params.output:q} &>{log:q}
        """
