"""dmvi: reproduces every figure and table of Rosca, Lakshminarayanan and Mohamed (2018).

Required inputs: config.yaml in the working directory (the repository root holds the paper's study,
each folder of studies/ another one, run with --directory).
"""

import os
import sys

REPOSITORY = workflow.basedir
sys.path.insert(0, os.path.join(REPOSITORY, "src"))

from dmvi.environment import set_environment

set_environment()


configfile: "config.yaml"


report: "workflow/report/study.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/latent.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/synthetic.smk"
include: "workflow/rules/figures.smk"


rule all:
    default_target: True
    input:
        expand("results/{figure}.pdf", figure=STUDY.figures),
        "results/claims.csv",
        "results/gallery.md",


localrules:
    all,
    collect_claims,
    collect_synthetic,
    describe_settings,
    write_gallery,
