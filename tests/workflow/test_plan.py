"""What Snakemake plans, without running anything."""

import pytest
import yaml


@pytest.fixture(scope="module")
def paper(tmp_path_factory, repository, study_class):
    """The paper's study, in an empty folder."""
    config = yaml.safe_load((repository / "config.yaml").read_text())
    return study_class(tmp_path_factory.mktemp("paper"), config)


def test_the_papers_study_resolves(paper):
    # 3 data sets x 2 posteriors x 3 latent sizes, and 2 further likelihoods, with 3 seeds each.
    vaes = (3 * 2 * 3 + 2) * 3
    # The sweeps: VAE (beside its 3 seeds); AAE, AVB, AVB-AC, VEEGAN, DCGAN, WGAN-GP; VGH and VGH++.
    sweeps = 3 + 6 * 9 + 2 * 3 * 16
    sizes = 2 * 8  # ColorMNIST's other latent sizes, of all models but the VAE
    compared = 3 * (3 + sweeps) + sizes + 2 * 3  # and of the VAE's three seeds
    likelihoods = 2 * 3  # figure 22 has two more
    # VAE, AAE and AAE with two larger code discriminators, two sizes, two data sets.
    large = 4 * 2 * 2
    assert paper.plan("all") == {
        "prepare_data": 3,
        "train": vaes + 3 * sweeps + sizes + large,
        "encode": vaes - likelihoods,  # those of figure 1, whose codes are examined
        "examine_codes": vaes - likelihoods,
        "estimate_kl": vaes + large,
        "estimate_ratio": 3 * 3 + 2,  # the main VAEs' seeds, and tables 1 and 2
        "fit_density_model": 3 * 3,
        "find_low_posterior": 9,
        "train_classifier": 1,
        "evaluate": compared + likelihoods + large,
        "evaluate_data": 3,
        # Dimensions, rates; four shifts, learning, and its control. Divergences, dimensions,
        # classifiers, two KLs.
        "run_synthetic": 4 * 2 * (4 + 2) + 2 * 4 * 3 * 2,
        "collect_synthetic": 4,
        "describe_networks": 1,
        "describe_settings": 1,
        "draw": 37,  # those of the paper, and figure 61
        "collect_claims": 1,
        "write_gallery": 1,
        "write_page": 1,
        "all": 1,
    }


def test_a_single_figure_asks_only_for_its_own_runs(paper):
    plan = paper.plan("results/fig2.pdf")
    assert plan["train"] == 3
    assert plan["find_low_posterior"] == 3
    assert "estimate_kl" not in plan
    # Figure 22 compares three likelihoods on one data set.
    plan = paper.plan("results/fig22.png")
    assert "examine_codes" not in plan
    assert plan["prepare_data"] == 1
    assert plan["train"] == plan["evaluate"] == plan["estimate_kl"] == 9


def test_a_table_needs_no_run(paper):
    assert paper.plan("results/table3.pdf") == {"describe_settings": 1, "draw": 1}


def test_an_unknown_figure_is_refused(paper):
    assert "MissingRuleException" in paper.snakemake("-n", "results/fig99.pdf", check=False)


def test_an_unknown_run_is_refused_with_the_nearest_names(paper):
    printed = paper.snakemake("-n", "results/runs/cifar_gaussian/seed0/kl.json", check=False)
    assert "'cifar_gaussian' is no run of this study; there are cifar10_gaussian" in printed


def test_a_likelihood_is_a_target_of_its_own(paper):
    """Without a key of the config; only where p(x|z) is a probability."""
    folder = "results/runs/{}/seed0/likelihood.json"
    plan = paper.plan(folder.format("cifar10_quantized_normal"))
    assert plan == {"prepare_data": 1, "train": 1, "estimate_likelihood": 1}
    printed = paper.snakemake("-n", folder.format("cifar10_gaussian"), check=False)
    assert "has no normalised likelihood: bernoulli is none of grey pixels" in printed
    gan = "cifar10_dcgan-learning_rate.discriminator0.0001-learning_rate.generator0.0001"
    printed = paper.snakemake("-n", folder.format(gan), check=False)
    assert "has no explicit likelihood p(x|z)" in printed


def test_an_unknown_job_of_the_synthetic_study_is_refused_with_those_there_are(paper):
    # Only estimation has so many members that they are several jobs.
    target = "results/synthetic/learning/d1000-lr0.0001-part2.csv"
    printed = paper.snakemake("-n", target, check=False)
    assert (
        "no job of synthetic learning is called d1000-lr0.0001-part2, but d1-lr0.0001," in printed
    )


def test_a_study_of_experiments_only_resolves(tmp_path, study_class):
    study = study_class(tmp_path / "gaussians")
    blocks = ("study", "synthetic")
    study.config = {key: study.config[key] for key in blocks}
    study.config["figures"] = {"fig18": {}, "fig19": {}}
    study.write()
    assert study.plan("all") == {
        # Two dimensions, two jobs each for four members; learning, its control; two divergences.
        "run_synthetic": 2 * 2 + 2 * 2 + 2 * 2,
        "collect_synthetic": 4,
        "draw": 2,
        "collect_claims": 1,
        "write_gallery": 1,
        "write_page": 1,
        "all": 1,
    }
    printed = study.snakemake("-n", "results/runs/mine/seed0/kl.json", check=False)
    assert "'mine' is no run of this study, which has none" in printed


def test_a_job_without_its_settings_is_refused(tmp_path, study_class):
    study = study_class(tmp_path / "few")
    study.config["figures"] = {"fig18": {}}
    del study.config["estimators"]
    study.write()
    for table in ("kl.json", "quality.json", "low_posterior/log_q.csv", "scores.json"):
        printed = study.snakemake("-n", f"results/runs/plain/seed0/{table}", check=False)
        assert "this needs the key 'estimators." in printed


def test_bad_config_is_one_sentence_before_any_job(tmp_path, study_class):
    study = study_class(tmp_path / "bad")
    study.config["runs"]["plain"]["learning_rate"] = "1e-3"
    study.write()
    printed = study.snakemake("all", check=False)
    assert 'config.yaml: runs.plain.learning_rate is "1e-3" (a string)' in printed
    assert "Traceback" not in printed
    assert not (study.folder / "results").exists()
