"""dmvi: reproduces every figure and table of Rosca, Lakshminarayanan and Mohamed (2018).

Required inputs: config.yaml in the working directory (the repository root holds the paper's study,
each folder of studies/ another one, run with --directory).
"""

import os
import sys

REPOSITORY = workflow.basedir
# Jobs and this file use the package as it stands in the checkout, installed or not.
sys.path.insert(0, os.path.join(REPOSITORY, "src"))
os.environ["PYTHONPATH"] = os.pathsep.join(
    [os.path.join(REPOSITORY, "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
)
# glibc gives large tensors back to the system at each free; keeping them makes training on a CPU
# 1.2 to 2.4 times faster.
os.environ.setdefault("MALLOC_MMAP_MAX_", "0")
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", "100000000000")


configfile: "config.yaml"


report: "workflow/report/study.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/latent.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/figures.smk"


rule all:
    default_target: True
    input:
        expand("results/{figure}.pdf", figure=STUDY.figures),
        "results/claims.csv",


localrules:
    all,
    collect_claims,
    describe_settings,
