"""dmvi: reproduces every figure and table of Rosca, Lakshminarayanan and Mohamed (2018).

Required inputs: config.yaml in the working directory (the repository root holds the paper's study,
each folder of studies/ another one, run with --directory).
"""

import os
import sys
from pathlib import Path

REPOSITORY = workflow.basedir
sys.path.insert(0, os.path.join(REPOSITORY, "src"))

from dmvi.cluster.jobs import refuse_jobs_left
from dmvi.cluster.patches import (
    ask_for_min_job_age_once,
    lift_default_rate_limit,
    open_report_on,
)
from dmvi.cluster.sentences import show_sentences_only
from dmvi.environment import collect_less_often, set_environment
from dmvi.study.experiments import experiments
from dmvi.study.folder import check_folder
from dmvi.study.reading import read_config

set_environment()
collect_less_often()
show_sentences_only()
# Before `configfile:`, which would run the code of a config that asks for it.
read_config("config.yaml")
check_folder(Path())


configfile: "config.yaml"


report: "workflow/report/study.rst"


open_report_on(workflow, Path(REPOSITORY) / "workflow/report")


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/latent.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/figures.smk"


# Every experiment has a file of rules of its name.
for experiment in experiments():

    include: f"workflow/rules/{experiment}.smk"


# Only the process that submits runs this, never one inside a job.
onstart:
    lift_default_rate_limit(workflow)
    if workflow.executor_plugin.name == "slurm":
        refuse_jobs_left(os.getcwd(), workflow.executor_settings.jobname_prefix)
        ask_for_min_job_age_once()


rule all:
    default_target: True
    input:
        expand("results/{figure}.pdf", figure=STUDY.figures),
        "results/claims.csv",
        "results/gallery.md",
        "results/index.html",


localrules:
    all,
    collect_claims,
    collect_synthetic,
    describe_networks,
    describe_settings,
    draw,
    write_gallery,
    write_page,
