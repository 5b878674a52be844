"""Trains every run with every seed.

Required inputs: results/data/{dataset}/. Outputs: model, journal, bound and description in
results/runs/{run}/seed{seed}/. Steps: train, resuming from results/checkpoints/ where there is one.
"""


rule train:
    input:
        data=dataset_files,
    output:
        model="results/runs/{run}/seed{seed}/model.pt",
        history="results/runs/{run}/seed{seed}/history.csv",
        bound="results/runs/{run}/seed{seed}/bound.csv",
        description="results/runs/{run}/seed{seed}/run.json",
    log:
        "results/logs/train/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/train/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: TRAIN_THREADS
    resources:
        gpu=TRAIN_GPU,
        mem_mb=memory("train"),
        runtime=limit("train"),
        device=DEVICE,
        checkpoint_every=how_of_runs("checkpoint_every"),
        # As text: Snakemake would round half a minute to none.
        checkpoint_minutes=how_of_runs("checkpoint_minutes", str),
        cuda_graphs=how_of_runs("cuda_graphs", int),
        snapshots=how_of_runs("snapshots", canonical),
    params:
        spec=settings("train"),
        version=training_version,
        data=dataset_folder,
        # Not an output: Snakemake would delete it before the attempt that is to resume from it.
        checkpoints="results/checkpoints/{run}/seed{seed}",
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi train --run {wildcards.run:q} --seed {wildcards.seed} \
            --spec {params.spec:q} --data {params.data:q} \
            --checkpoints {params.checkpoints:q} \
            --checkpoint-every {resources.checkpoint_every} \
            --checkpoint-minutes {resources.checkpoint_minutes} --device {resources.device:q} \
            --cuda-graphs {resources.cuda_graphs} --snapshots {resources.snapshots:q} \
            --model {output.model:q} --history {output.history:q} \
            --bound {output.bound:q} \
            --description {output.description:q} &>>{log:q}
        """
