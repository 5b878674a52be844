"""Pictures and scores of trained models.

Required inputs: a trained model and its data set; for Inception scores a classifier of its images.
Outputs: samples, reconstructions and their scores, the same scores of the data themselves; the
likelihood of test images. Steps: train_classifier, evaluate, evaluate_data, estimate_likelihood.
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
        settings=settings("train_classifier"),
        version=version("train_classifier"),
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


rule evaluate:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
        classifier=classifier_of_run,
    output:
        multiext(
            "results/runs/{run}/seed{seed}/",
            "samples.npy",
            "scores.json",
            "originals.npy",
            "reconstructions.npy",
            "quality.json",
        ),
    log:
        "results/logs/evaluate/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/evaluate/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        gpu=TRAIN_GPU,
        mem_mb=memory("evaluate"),
        runtime=limit("evaluate"),
        device=DEVICE,
        # Where the file lies, not what it is: its hash is checked.
        inception_weights=INCEPTION_WEIGHTS or "",
    params:
        settings=settings("evaluate"),
        imagenet=INCEPTION_WEIGHTS is not None,
        version=version_of_run,
        data=dataset_folder,
        output=subpath(output[0], parent=True),
        # Keeps what scores have trained, for when only other settings change.
        checkpoints="results/checkpoints/{run}/seed{seed}",
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi evaluate --model {input.model:q} --data {params.data:q} \
            --settings {params.settings:q} --seed {wildcards.seed} \
            --classifier={input.classifier:q} \
            --inception-weights={resources.inception_weights:q} \
            --checkpoints {params.checkpoints:q} \
            --device {resources.device:q} --output {params.output:q} &>{log:q}
        """


rule evaluate_data:
    input:
        images="results/data/{dataset}/images.npy",
        labels="results/data/{dataset}/labels.npy",
        meta="results/data/{dataset}/meta.json",
        classifier=classifier_of_dataset,
    output:
        "results/data/{dataset}/scores.json",
    log:
        "results/logs/evaluate_data/{dataset}.log",
    benchmark:
        "results/benchmarks/evaluate_data/{dataset}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        gpu=COSTS.gpus_asked(),
        mem_mb=memory("evaluate_data"),
        runtime=limit("evaluate_data"),
        device=DEVICE,
        inception_weights=INCEPTION_WEIGHTS or "",
    params:
        settings=settings("evaluate_data"),
        imagenet=INCEPTION_WEIGHTS is not None,
        version=version_of_data,
        data=subpath(output[0], parent=True),
        checkpoints="results/checkpoints/data/{dataset}",
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi evaluate-data --data {params.data:q} --settings {params.settings:q} \
            --seed 0 --classifier={input.classifier:q} \
            --inception-weights={resources.inception_weights:q} \
            --checkpoints {params.checkpoints:q} \
            --device {resources.device:q} --output {output:q} &>{log:q}
        """


rule estimate_likelihood:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
    output:
        json="results/runs/{run}/seed{seed}/likelihood.json",
        csv="results/runs/{run}/seed{seed}/likelihood.csv",
        bdmc="results/runs/{run}/seed{seed}/bdmc.csv",
    log:
        "results/logs/estimate_likelihood/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/estimate_likelihood/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: TRAIN_THREADS
    resources:
        gpu=TRAIN_GPU,
        mem_mb=memory("estimate_likelihood"),
        runtime=limit("estimate_likelihood"),
        device=DEVICE,
    params:
        settings=settings("estimate_likelihood", "likelihood.json"),
        version=version("estimate_likelihood"),
        data=dataset_folder,
        checkpoints="results/checkpoints/{run}/seed{seed}/likelihood",
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi estimate-likelihood --model {input.model:q} --data {params.data:q} \
            --settings {params.settings:q} --seed {wildcards.seed} \
            --checkpoints {params.checkpoints:q} --device {resources.device:q} \
            --json {output.json:q} --csv {output.csv:q} --bdmc {output.bdmc:q} &>>{log:q}
        """
