"""Pictures and scores of trained models.

Required inputs: a trained model and its data set; for Inception scores a classifier of its images.
Outputs: reconstructions, samples and their scores, the same scores of the data themselves.
Steps: reconstruct, train_classifier, score, score_data.
"""


rule reconstruct:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
    output:
        multiext(
            "results/runs/{run}/seed{seed}/",
            "originals.npy",
            "reconstructions.npy",
            "quality.json",
        ),
    log:
        "results/logs/reconstruct/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/reconstruct/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        gpu=train_gpu,
        mem_mb=memory("reconstruct"),
        runtime=limit("reconstruct"),
        device=DEVICE,
    params:
        settings=reconstruction_settings,
        version=STEP_VERSION["reconstruct"],
        data=dataset_folder,
        output=subpath(output[0], parent=True),
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi reconstruct --model {input.model:q} --data {params.data:q} \
            --settings {params.settings:q} --seed {wildcards.seed} \
            --device {resources.device:q} --output {params.output:q} &>{log:q}
        """


rule train_classifier:
    input:
        images="results/data/{dataset}/images.npy",
        labels="results/data/{dataset}/labels.npy",
        meta="results/data/{dataset}/meta.json",
    output:
        multiext(
            "results/classifiers/{dataset}/",
            "model.pt",
            "classifier.json",
            "history.csv",
        ),
    log:
        "results/logs/train_classifier/{dataset}.log",
    benchmark:
        "results/benchmarks/train_classifier/{dataset}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: COSTS.threads_of()
    resources:
        gpu=COSTS.gpus_asked(),
        mem_mb=memory("train_classifier"),
        runtime=limit("train_classifier"),
        device=DEVICE,
    params:
        settings=classifier_settings,
        version=STEP_VERSION["train_classifier"],
        data=subpath(input.images, parent=True),
        output=subpath(output[0], parent=True),
        checkpoints="results/checkpoints/classifiers/{dataset}",
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi train-classifier --data {params.data:q} --settings {params.settings:q} \
            --seed 0 --checkpoints {params.checkpoints:q} --device {resources.device:q} \
            --output {params.output:q} &>>{log:q}
        """


rule score:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
        classifier=classifier_of_run,
    output:
        multiext("results/runs/{run}/seed{seed}/", "samples.npy", "scores.json"),
    log:
        "results/logs/score/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/score/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        gpu=train_gpu,
        mem_mb=memory("score"),
        runtime=limit("score"),
        device=DEVICE,
        # Where the file lies, not what it is: its hash is checked.
        inception_weights=INCEPTION_WEIGHTS or "",
    params:
        settings=score_settings_of_run,
        imagenet=INCEPTION_WEIGHTS is not None,
        version=STEP_VERSION["score"],
        data=dataset_folder,
        output=subpath(output[0], parent=True),
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi score --model {input.model:q} --data {params.data:q} \
            --settings {params.settings:q} --seed {wildcards.seed} \
            --classifier={input.classifier:q} \
            --inception-weights={resources.inception_weights:q} \
            --device {resources.device:q} --output {params.output:q} &>{log:q}
        """


rule score_data:
    input:
        images="results/data/{dataset}/images.npy",
        labels="results/data/{dataset}/labels.npy",
        meta="results/data/{dataset}/meta.json",
        classifier=classifier_of_dataset,
    output:
        "results/data/{dataset}/scores.json",
    log:
        "results/logs/score_data/{dataset}.log",
    benchmark:
        "results/benchmarks/score_data/{dataset}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        gpu=COSTS.gpus_asked(),
        mem_mb=memory("score_data"),
        runtime=limit("score_data"),
        device=DEVICE,
        inception_weights=INCEPTION_WEIGHTS or "",
    params:
        settings=score_settings_of_dataset,
        imagenet=INCEPTION_WEIGHTS is not None,
        version=STEP_VERSION["score"],
        data=subpath(output[0], parent=True),
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi score-data --data {params.data:q} --settings {params.settings:q} \
            --seed 0 --classifier={input.classifier:q} \
            --inception-weights={resources.inception_weights:q} \
            --device {resources.device:q} --output {output:q} &>{log:q}
        """
