"""Figures, tables and claims, from tables on disk alone.

Required inputs: what each figure's file names in SOURCES. Outputs: results/figN.pdf and .png,
results/tableN.pdf and .png, results/claims.csv and .md, results/gallery.md, results/index.html.
Steps: describe_networks, describe_settings, draw, collect_claims, write_gallery, write_page.
"""


rule describe_networks:
    output:
        "results/tables/networks.csv",
    log:
        "results/logs/describe_networks.log",
    benchmark:
        "results/benchmarks/describe_networks.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("describe_networks"),
        runtime=limit("describe_networks"),
    params:
        latent_dim=128,
        width=64,
        version=version("describe_networks"),
    shell:
        r"""
        python -m dmvi describe-networks --latent-dim {params.latent_dim} \
            --width {params.width} --output {output:q} &>{log:q}
        """


rule describe_settings:
    output:
        "results/tables/settings.csv",
    log:
        "results/logs/describe_settings.log",
    benchmark:
        "results/benchmarks/describe_settings.tsv"
    conda:
        "../../envs/environment.yaml"
    params:
        rows=settings("describe_settings"),
        version=version("describe_settings"),
    shell:
        r"""
        python -m dmvi describe-settings --rows {params.rows:q} --output {output:q} &>{log:q}
        """


rule draw:
    input:
        figure_inputs,
    output:
        pdf="results/{figure}.pdf",
        # Browsers leave an embedded PDF of more than 2 MB blank.
        png=report(
            "results/{figure}.png",
            caption="../report/figure.rst",
            category="Figures and tables",
            labels=figure_labels,
        ),
        claims="results/claims/{figure}.json",
    log:
        "results/logs/draw/{figure}.log",
    benchmark:
        "results/benchmarks/draw/{figure}.tsv"
    conda:
        "../../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("draw"),
        runtime=limit("draw"),
    params:
        runs=figure_runs,
        models=figure_models,
        study=figure_study,
        title=figure_title,
        caption=figure_caption,
        version=version("draw"),
    shell:
        r"""
        python -m dmvi draw --figure {wildcards.figure} --runs {params.runs:q} \
            --study {params.study:q} --results results \
            --pdf {output.pdf:q} --png {output.png:q} --claims {output.claims:q} &>{log:q}
        """


rule collect_claims:
    input:
        expand("results/claims/{figure}.json", figure=STUDY.figures),
    output:
        csv="results/claims.csv",
        md=report(
            "results/claims.md",
            caption="../report/claims.rst",
            category="Claims",
            labels={"figure": "claims"},
        ),
    log:
        "results/logs/collect_claims.log",
    benchmark:
        "results/benchmarks/collect_claims.tsv"
    conda:
        "../../envs/environment.yaml"
    params:
        study=canonical(config["study"]),
        version=version("collect_claims"),
    shell:
        r"""
        python -m dmvi collect-claims --claims {input:q} --csv {output.csv:q} \
            --md {output.md:q} --study {params.study:q} &>{log:q}
        """


rule write_gallery:
    input:
        expand("results/{figure}.png", figure=STUDY.figures),
    output:
        "results/gallery.md",
    log:
        "results/logs/write_gallery.log",
    benchmark:
        "results/benchmarks/write_gallery.tsv"
    conda:
        "../../envs/environment.yaml"
    params:
        figures=list(STUDY.figures),
        study=canonical(config["study"]),
        version=version("write_gallery"),
    shell:
        r"""
        python -m dmvi write-gallery --figures {params.figures:q} --study {params.study:q} \
            --output {output:q} &>{log:q}
        """


# Reads also what the figures were drawn from, and logs: of a running study `python -m dmvi write-page`
# writes the same page again.
rule write_page:
    input:
        expand("results/{figure}.png", figure=STUDY.figures),
        "results/claims.csv",
    output:
        "results/index.html",
    log:
        "results/logs/write_page.log",
    benchmark:
        "results/benchmarks/write_page.tsv"
    conda:
        "../../envs/environment.yaml"
    params:
        study=canonical(config["study"]),
        version=version("write_page"),
    shell:
        r"""
        python -m dmvi write-page --output {output:q} &>{log:q}
        """
