"""What the trained encoders do in latent space.

Required inputs: a trained model and its data set. Outputs: KL(q(z), p(z)) by Monte Carlo, by
classifiers and by density models, the posteriors' profile over latent units, low-posterior samples
and their comparison with data, their t-SNE map; posteriors and codes of the runs whose posteriors
several steps read; distances of codes from the prior, moments and probes of codes; of two points, all
of it by quadrature. Steps: encode, estimate_kl, estimate_ratio, fit_density_model, find_low_posterior,
examine_codes, examine_snapshots, track_codes, redraw_codes, examine_points.
"""


rule encode:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
    output:
        posterior="results/runs/{run}/seed{seed}/posterior.npy",
        codes="results/runs/{run}/seed{seed}/codes.npy",
    log:
        "results/logs/encode/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/encode/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        gpu=TRAIN_GPU,
        mem_mb=memory("encode"),
        runtime=limit("encode"),
        device=DEVICE,
    params:
        version=version("encode"),
        data=dataset_folder,
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi encode --model {input.model:q} --data {params.data:q} \
            --seed {wildcards.seed} --device {resources.device:q} \
            --posterior {output.posterior:q} --codes {output.codes:q} &>{log:q}
        """


rule estimate_kl:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
    output:
        kl="results/runs/{run}/seed{seed}/kl.json",
        curve="results/runs/{run}/seed{seed}/kl_curve.csv",
        profile="results/runs/{run}/seed{seed}/profile.csv",
        histograms="results/runs/{run}/seed{seed}/profile_histograms.csv",
    log:
        "results/logs/estimate_kl/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/estimate_kl/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        gpu=TRAIN_GPU,
        mem_mb=memory("estimate_kl"),
        runtime=limit("estimate_kl"),
        device=DEVICE,
    params:
        settings=settings("estimate_kl", "kl.json"),
        version=version("estimate_kl"),
        data=dataset_folder,
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi estimate-kl --model {input.model:q} --data {params.data:q} \
            --settings {params.settings:q} --seed {wildcards.seed} \
            --device {resources.device:q} --kl {output.kl:q} --curve {output.curve:q} \
            --profile {output.profile:q} --histograms {output.histograms:q} &>{log:q}
        """


rule estimate_ratio:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
        posterior="results/runs/{run}/seed{seed}/posterior.npy",
    output:
        json="results/runs/{run}/seed{seed}/density_ratio/{ratio}.json",
        csv="results/runs/{run}/seed{seed}/density_ratio/{ratio}.csv",
        calibration="results/runs/{run}/seed{seed}/density_ratio/{ratio}_calibration.csv",
    log:
        "results/logs/estimate_ratio/{run}/seed{seed}/{ratio}.log",
    benchmark:
        "results/benchmarks/estimate_ratio/{run}/seed{seed}/{ratio}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: TRAIN_THREADS
    resources:
        gpu=TRAIN_GPU,
        mem_mb=memory("estimate_ratio"),
        runtime=limit("estimate_ratio"),
        device=DEVICE,
    params:
        settings=settings("estimate_ratio", "density_ratio/{ratio}.json"),
        version=version("estimate_ratio"),
        data=dataset_folder,
        checkpoints="results/checkpoints/{run}/seed{seed}/density_ratio/{ratio}",
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi estimate-ratio --model {input.model:q} --posterior {input.posterior:q} \
            --data {params.data:q} --settings {params.settings:q} --seed {wildcards.seed} \
            --checkpoints {params.checkpoints:q} --device {resources.device:q} \
            --json {output.json:q} --csv {output.csv:q} --calibration {output.calibration:q} \
            &>>{log:q}
        """


rule fit_density_model:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
        posterior="results/runs/{run}/seed{seed}/posterior.npy",
    output:
        json="results/runs/{run}/seed{seed}/density_models/{density_model}.json",
        csv="results/runs/{run}/seed{seed}/density_models/{density_model}.csv",
    log:
        "results/logs/fit_density_model/{run}/seed{seed}/{density_model}.log",
    benchmark:
        "results/benchmarks/fit_density_model/{run}/seed{seed}/{density_model}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: TRAIN_THREADS
    resources:
        gpu=TRAIN_GPU,
        mem_mb=memory("fit_density_model"),
        runtime=limit("fit_density_model"),
        device=DEVICE,
    params:
        settings=settings("fit_density_model", "density_models/{density_model}.json"),
        version=version("fit_density_model"),
        data=dataset_folder,
        checkpoints="results/checkpoints/{run}/seed{seed}/density_models/{density_model}",
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi fit-density-model --model {input.model:q} \
            --posterior {input.posterior:q} --data {params.data:q} \
            --name {wildcards.density_model} --settings {params.settings:q} \
            --seed {wildcards.seed} --checkpoints {params.checkpoints:q} \
            --device {resources.device:q} --json {output.json:q} --csv {output.csv:q} &>>{log:q}
        """


rule find_low_posterior:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
        posterior="results/runs/{run}/seed{seed}/posterior.npy",
        codes="results/runs/{run}/seed{seed}/codes.npy",
    output:
        multiext(
            "results/runs/{run}/seed{seed}/low_posterior/",
            "latents.npy",
            "draws.npy",
            "images.npy",
            "standard_latents.npy",
            "standard_images.npy",
            "log_q.csv",
            "ranks.csv",
            "neighbours.npy",
            "neighbours.csv",
            "standard_neighbours.csv",
            "bounds.csv",
            "pixels.csv",
            "images.csv",
            "embedding.csv",
        ),
    log:
        "results/logs/find_low_posterior/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/find_low_posterior/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        gpu=TRAIN_GPU,
        mem_mb=memory("find_low_posterior"),
        runtime=limit("find_low_posterior"),
        device=DEVICE,
    params:
        settings=settings("find_low_posterior"),
        version=version("find_low_posterior"),
        data=dataset_folder,
        output=subpath(output[0], parent=True),
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi find-low-posterior --model {input.model:q} \
            --posterior {input.posterior:q} --codes {input.codes:q} --data {params.data:q} \
            --settings {params.settings:q} --seed {wildcards.seed} \
            --device {resources.device:q} --output {params.output:q} &>{log:q}
        """


rule examine_codes:
    input:
        data=dataset_files,
        posterior="results/runs/{run}/seed{seed}/posterior.npy",
        codes="results/runs/{run}/seed{seed}/codes.npy",
    output:
        "results/runs/{run}/seed{seed}/codes.json",
    log:
        "results/logs/examine_codes/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/examine_codes/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("examine_codes"),
        runtime=limit("examine_codes"),
    params:
        settings=settings("examine_codes", "codes.json"),
        version=version("examine_codes"),
        data=dataset_folder,
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi examine-codes --posterior {input.posterior:q} --codes {input.codes:q} \
            --data {params.data:q} --settings {params.settings:q} --seed {wildcards.seed} \
            --output {output:q} &>{log:q}
        """


rule examine_snapshots:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
    output:
        "results/runs/{run}/seed{seed}/snapshots.csv",
    log:
        "results/logs/examine_snapshots/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/examine_snapshots/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        gpu=TRAIN_GPU,
        mem_mb=memory("examine_snapshots"),
        runtime=limit("examine_snapshots"),
        device=DEVICE,
    params:
        settings=settings("examine_snapshots", "snapshots.csv"),
        version=version("examine_snapshots"),
        data=dataset_folder,
        # Not inputs: snapshots are kept by the training like its checkpoints.
        checkpoints="results/checkpoints/{run}/seed{seed}",
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi examine-snapshots --model {input.model:q} --data {params.data:q} \
            --settings {params.settings:q} --seed {wildcards.seed} \
            --checkpoints {params.checkpoints:q} --device {resources.device:q} \
            --output {output:q} &>{log:q}
        """


rule track_codes:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
    output:
        "results/runs/{run}/seed{seed}/codes_curve.csv",
    log:
        "results/logs/track_codes/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/track_codes/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        gpu=TRAIN_GPU,
        mem_mb=memory("track_codes"),
        runtime=limit("track_codes"),
        device=DEVICE,
    params:
        settings=settings("track_codes", "codes_curve.csv"),
        version=version("track_codes"),
        data=dataset_folder,
        # Not inputs: snapshots are kept by the training like its checkpoints.
        checkpoints="results/checkpoints/{run}/seed{seed}",
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi track-codes --model {input.model:q} --data {params.data:q} \
            --settings {params.settings:q} --seed {wildcards.seed} \
            --checkpoints {params.checkpoints:q} --device {resources.device:q} \
            --output {output:q} &>{log:q}
        """


rule redraw_codes:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
    output:
        "results/runs/{run}/seed{seed}/redrawn.npy",
    log:
        "results/logs/redraw_codes/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/redraw_codes/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        gpu=TRAIN_GPU,
        mem_mb=memory("redraw_codes"),
        runtime=limit("redraw_codes"),
        device=DEVICE,
    params:
        version=version("redraw_codes"),
        data=dataset_folder,
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi redraw-codes --model {input.model:q} --data {params.data:q} \
            --seed {wildcards.seed} --device {resources.device:q} --output {output:q} &>{log:q}
        """


rule examine_points:
    input:
        data=dataset_files,
        model="results/runs/{run}/seed{seed}/model.pt",
    output:
        json="results/runs/{run}/seed{seed}/points.json",
        curves="results/runs/{run}/seed{seed}/points_curves.csv",
        pixels="results/runs/{run}/seed{seed}/points_pixels.csv",
    log:
        "results/logs/examine_points/{run}/seed{seed}.log",
    benchmark:
        "results/benchmarks/examine_points/{run}/seed{seed}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("examine_points"),
        runtime=limit("examine_points"),
    params:
        asked=lambda wildcards: refuse_unless_given(wildcards, "points.json"),
        version=version("examine_points"),
        data=dataset_folder,
    shell:
        r"""
        export OMP_NUM_THREADS={threads}
        python -m dmvi examine-points --model {input.model:q} --data {params.data:q} \
            --json {output.json:q} --curves {output.curves:q} --pixels {output.pixels:q} &>{log:q}
        """
