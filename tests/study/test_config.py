"""The config: what it expands to, and one sentence for everything that it cannot mean."""

import copy
import json
from collections import Counter
from pathlib import Path

import pytest
import yaml

from dmvi.errors import DmviError
from dmvi.experiments.synthetic.settings import synthetic_jobs
from dmvi.study.capabilities import lacks
from dmvi.study.config import load_study
from dmvi.study.declarations import declared_step
from dmvi.study.reading import check_unique_keys
from dmvi.study.settings import settings_rows

REPOSITORY = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())


def read(study: str) -> dict:
    return yaml.safe_load((REPOSITORY / study / "config.yaml").read_text())


@pytest.fixture
def config():
    return read("studies/demo")


def load(config):
    return load_study(config, SCHEMA)


COMPANIONS = ("studies/companions", "studies/companions_reduced", "studies/companions_demo")


@pytest.mark.parametrize("study", ["", "studies/demo", "studies/reduced", *COMPANIONS])
def test_the_studies_in_the_repository_are_valid(study):
    check_unique_keys((REPOSITORY / study / "config.yaml").read_text())
    config = read(study)
    before = copy.deepcopy(config)
    load(config)
    assert config == before, "validation must not change the config"


def test_the_papers_study_holds_the_papers_runs():
    study = load(read(""))
    seen = {}
    for run in study.runs.values():
        spec = run.spec
        if spec["model"] == "vae" and run.seeds == (0, 1, 2) and spec["likelihood"] == "bernoulli":
            key = (spec["data"], spec["posterior"])
            seen.setdefault(key, set()).add(spec["latent_dim"])
        assert spec["batch_size"] == 64
        assert spec["adam_betas"] == [0.5, 0.9]
        assert spec["width"] == 64
        assert spec["iterations"] == (100_000 if spec["data"] == "color_mnist" else 200_000)
    sizes = {"color_mnist": {10, 50, 75}, "cifar10": {50, 100, 128}, "celeba": {50, 100, 128}}
    assert seen == {(d, p): s for d, s in sizes.items() for p in ("gaussian", "realnvp")}
    likelihoods = {
        r.spec["likelihood"]
        for r in study.runs.values()
        if r.spec["data"] == "cifar10" and r.spec["model"] == "vae"
    }
    assert likelihoods == {"bernoulli", "quantized_normal", "categorical"}


def test_the_papers_study_sweeps_every_model_on_every_data_set():
    """Learning rates {1e-4, 2e-4, 5e-4} per row of table 3 (VAE also 1e-3; one of VGH's here), both
    weights {1, 5, 10, 50}, and 10, 50 and 75 latents on ColorMNIST."""
    study = load(read(""))
    assert sum(len(run.seeds) for run in study.runs.values()) <= 600
    rates: dict[tuple, set] = {}
    weights: dict[tuple, set] = {}
    latents: dict[tuple, set] = {}
    for run in study.runs.values():
        if "compare" not in run.tags:
            continue
        case = (run.spec["model"], run.spec["data"])
        rate = run.spec["learning_rate"]
        latents.setdefault(case, set()).add(run.spec["latent_dim"])
        if run.spec["latent_dim"] in (10, 75):
            continue
        rates.setdefault(case, set()).add(str(rate))
        if "weight_encoder" in run.spec:
            pair = (run.spec["weight_encoder"], run.spec["weight_generator"])
            weights.setdefault(case, set()).add(pair)
    models = {"vae", "aae", "avb", "avb_ac", "veegan", "vgh", "vgh_plus_plus", "dcgan", "wgan_gp"}
    assert set(rates) == {(m, d) for m in models for d in ("color_mnist", "cifar10", "celeba")}
    assert all(
        sizes == ({10, 50, 75} if case[1] == "color_mnist" else {128})
        for case, sizes in latents.items()
    )
    settings = {"vae": 4, "vgh": 3, "vgh_plus_plus": 3}
    assert all(len(values) == settings.get(case[0], 9) for case, values in rates.items())
    assert {case[0] for case in weights} == {"vgh", "vgh_plus_plus"}
    assert all(len(pairs) == 16 for pairs in weights.values())


def test_the_whole_sweep_has_a_rate_per_row_of_table_3_and_all_latent_sizes():
    """VAE 4 settings, AAE, VEEGAN and GANs 9, VGH and VGH++ 27 x 16; three sizes on ColorMNIST."""
    study = load(read("studies/paper_sweep"))
    counts = Counter((run.spec["model"], run.spec["data"]) for run in study.runs.values())
    of_model = {"vae": 4, "aae": 9, "veegan": 9, "dcgan": 9, "wgan_gp": 9}
    of_model |= {"vgh": 432, "vgh_plus_plus": 432}
    sizes = {"color_mnist": 3, "cifar10": 1, "celeba": 1}
    assert counts == {(m, d): n * k for m, n in of_model.items() for d, k in sizes.items()}
    specs = {json.dumps(run.spec, sort_keys=True) for run in study.runs.values()}
    assert len(specs) == len(study.runs) == 4520
    for run in study.runs.values():
        rate = run.spec["learning_rate"]
        if run.spec["model"] in ("veegan", "vgh", "vgh_plus_plus"):
            assert rate["generator"] == rate["encoder"]  # a row of table 3


def test_players_may_share_a_rate_of_a_sweep(config):
    rates = {"learning_rate.generator-encoder": [1e-4], "learning_rate.discriminator": [5e-4]}
    config["runs"]["swept"] = {"data": "cifar10", "model": "veegan", "sweep": rates}
    (run,) = [run for run in load(config).runs.values() if run.entry == "swept"]
    assert run.spec["learning_rate"] == {"generator": 1e-4, "encoder": 1e-4, "discriminator": 5e-4}
    name = "swept-learning_rate.generator-encoder0.0001-learning_rate.discriminator0.0005"
    assert run.name == name
    rates["learning_rate.encoder"] = [1e-4]
    with pytest.raises(DmviError, match="sets the learning rate of 'encoder' twice"):
        load(config)


def test_a_sweep_is_a_product_with_readable_ids(config):
    config["runs"]["swept"] = {
        "data": "cifar10",
        "sweep": {"latent_dim": [4, 8], "learning_rate": [1e-3, 1e-4]},
    }
    study = load(config)
    ids = [name for name in study.runs if name.startswith("swept")]
    assert ids == [
        "swept-latent_dim4-learning_rate0.001",
        "swept-latent_dim4-learning_rate0.0001",
        "swept-latent_dim8-learning_rate0.001",
        "swept-latent_dim8-learning_rate0.0001",
    ]
    assert study.runs[ids[1]].spec["learning_rate"] == 1e-4
    assert study.runs[ids[1]].entry == "swept"


def test_a_sweep_over_one_players_rate_leaves_the_others_at_the_default(config):
    config["runs"]["swept"] = {
        "data": "cifar10",
        "model": "dcgan",
        "sweep": {"learning_rate.discriminator": [1e-4, 5e-4]},
    }
    study = load(config)
    rates = {n: r.spec["learning_rate"] for n, r in study.runs.items() if n.startswith("swept")}
    assert rates == {
        "swept-learning_rate.discriminator0.0001": {"discriminator": 1e-4, "generator": 1e-3},
        "swept-learning_rate.discriminator0.0005": {"discriminator": 5e-4, "generator": 1e-3},
    }


def test_a_models_posterior_is_its_first_unless_the_run_sets_one(config):
    config["defaults"]["posterior"] = "gaussian"
    config["runs"]["point"] = {"data": "celeba", "model": "avb"}
    config["runs"]["hybrid"] = {"data": "celeba", "model": "vgh", "posterior": "gaussian"}
    runs = load(config).runs
    assert runs["point"].spec["posterior"] == "implicit"
    assert runs["hybrid"].spec["posterior"] == "gaussian"
    assert "posterior" not in runs["celeba_dcgan"].spec
    assert "likelihood" not in runs["celeba_dcgan"].spec


def test_a_figure_passes_over_runs_that_cannot_give_its_tables(config):
    config["figures"]["fig1"] = {"select": {"kind": ["vae", "hybrid", "gan"]}}
    chosen = load(config).figures["fig1"]
    models = {load(config).runs[name].spec["model"] for name in chosen}
    assert {"vae", "aae"} <= models
    assert not models & {"avb", "dcgan", "veegan"}


def test_a_new_run_changes_no_other_and_joins_its_figures(config):
    before = load(copy.deepcopy(config))
    config["runs"]["mine"] = {"data": "celeba", "model": "beta_vae", "beta": 2.0, "latent_dim": 16}
    after = load(config)
    assert {name: run.spec for name, run in before.runs.items()}.items() <= {
        name: run.spec for name, run in after.runs.items()
    }.items()
    assert "mine" in after.figures["fig1"]
    assert after.runs["mine"].spec["beta"] == 2.0


def test_a_tagged_run_joins_the_figures_of_its_tag(config):
    config["runs"]["mine"] = {"data": "celeba", "latent_dim": 16, "tags": ["main"]}
    assert "mine" in load(config).figures["fig2"]
    config["runs"]["mine"]["tags"] = ["other"]
    assert "mine" not in load(config).figures["fig2"]


def test_figure_1_leaves_thousands_of_latents_out_unless_asked(config):
    large = {name for name, run in load(config).runs.items() if "large" in run.tags}
    assert large
    assert not large & set(load(config).figures["fig1"])
    config["figures"]["fig1"] = {"select": {"tags": "large"}}
    assert set(load(config).figures["fig1"]) < large


def test_jobs_of_the_synthetic_study():
    jobs = synthetic_jobs(read(""))
    # Per dimension and learning rate: one job for ten seeds, one for each of four shifts of them.
    assert (len(jobs["learning"]), len(jobs["estimation"])) == (4 * 2, 4 * 2 * 4)
    job = jobs["estimation"]["d1000-lr0.0001-part2"]
    assert (job["dim"], job["learning_rate"]) == (1000, 1e-4)
    assert job["members"] == [[seed, 2.0] for seed in range(10)]
    parameters = 1000 * job["width"] + (job["layers"] - 1) * job["width"] ** 2
    assert parameters == pytest.approx(1e8, rel=0.01)
    assert job["iterations"] == jobs["learning"]["d1000-lr0.0001"]["iterations"] == 1_000_000
    assert synthetic_jobs({}) == {"estimation": {}, "learning": {}, "exact": {}, "separated": {}}


def test_the_control_of_learning_is_learning_without_a_classifier():
    jobs = synthetic_jobs(read(""))
    assert list(jobs["exact"]) == list(jobs["learning"])
    for name, job in jobs["learning"].items():
        assert {**jobs["exact"][name], "layers": job["layers"], "width": job["width"]} == job


def test_separated_jobs_of_the_synthetic_study():
    """The same KL in every dimension, by means and by covariances, with three classifiers."""
    jobs = synthetic_jobs(read(""))["separated"]
    assert len(jobs) == 2 * 4 * 3 * 2  # divergences, dimensions, classifiers, KLs of ten seeds
    small = jobs["covariances-d100-layers2-width1000-part2"]
    assert (small["layers"], small["width"], small["divergence"]) == (2, 1000, "covariances")
    assert small["members"] == [[seed, 10.0] for seed in range(10)]
    for dim in (100, 1000):  # the paper's 100 million parameters
        job = jobs[f"means-d{dim}-part1"]
        parameters = dim * job["width"] + (job["layers"] - 1) * job["width"] ** 2
        assert (job["classifier"], job["learning_rate"]) == ("main", 1e-4)
        assert parameters == pytest.approx(1e8, rel=0.01)
    assert {job["classifier"] for job in jobs.values()} == {
        "main",
        "layers4-width1000",
        "layers2-width1000",
    }


def test_what_the_synthetic_study_trained_before_is_named_as_before():
    """Jobs of estimation and learning, whose meaning has not changed: but for the width at d = 100."""
    jobs = synthetic_jobs(read(""))
    keys = {"dim", "width", "learning_rate", "spread", "layers", "batch_size", "adam_betas"}
    keys |= {"precision", "samples", "iterations", "every", "members"}
    for kind in ("estimation", "learning"):
        assert all(set(job) == keys for job in jobs[kind].values())
    assert "d10-lr0.0005" in jobs["learning"]
    assert "d10-lr0.0005-part4" in jobs["estimation"]


def test_members_of_the_synthetic_study_are_each_in_one_job(config):
    config["synthetic"] |= {"dims": [1], "widths": [8], "seeds": 3, "learning_rates": [0.001]}
    config["synthetic"]["estimation"]["shifts"] = [1.0, 2.0]
    pairs = [[0, 1.0], [1, 1.0], [2, 1.0], [0, 2.0], [1, 2.0], [2, 2.0]]
    for size, names in ((6, [""]), (7, [""]), (4, ["-part1", "-part2"]), (2, None), (1, None)):
        jobs = synthetic_jobs({"synthetic": {**config["synthetic"], "members": size}})["estimation"]
        assert [pair for job in jobs.values() for pair in job["members"]] == pairs
        assert all(len(job["members"]) <= size for job in jobs.values())
        if names is not None:
            assert list(jobs) == [f"d1-lr0.001{name}" for name in names]


def test_tags_and_resources_are_not_part_of_what_is_computed(config):
    before = load(copy.deepcopy(config)).runs["celeba_gaussian"].spec
    config["defaults"] |= {"threads": 2, "gpu": 1, "minutes": 5, "checkpoint_every": 3}
    config["runs"]["celeba_gaussian"]["tags"] = ["main", "mine"]
    assert load(config).runs["celeba_gaussian"].spec == before


def test_keys_that_a_run_does_not_use_do_not_retrain_it(config):
    before = load(copy.deepcopy(config))
    config["defaults"]["flow_transforms"] = 7
    after = load(config)
    assert before.runs["celeba_gaussian"].spec == after.runs["celeba_gaussian"].spec
    assert before.runs["celeba_realnvp"].spec != after.runs["celeba_realnvp"].spec


def test_an_option_of_a_likelihood_is_only_in_runs_that_set_it(config):
    """And may stand in `defaults`, where other likelihoods pass it over."""
    config["runs"]["plain"] = {"data": "celeba", "likelihood": "quantized_normal"}
    config["runs"]["wide"] = {**config["runs"]["plain"], "smallest_sigma": 0.05}
    runs = load(copy.deepcopy(config)).runs
    assert "smallest_sigma" not in runs["plain"].spec
    assert runs["wide"].spec == {**runs["plain"].spec, "smallest_sigma": 0.05}
    config["defaults"]["smallest_sigma"] = 0.02
    runs = load(config).runs
    assert "smallest_sigma" not in runs["celeba_gaussian"].spec
    assert runs["plain"].spec["smallest_sigma"] == 0.02
    assert runs["wide"].spec["smallest_sigma"] == 0.05


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"likelihood": "bernoulli"}, "smallest_sigma is an option of the likelihood"),
        ({"likelihood": "quantized_normal", "smallest_sigma": 0}, "must be at least 0.0025"),
        ({"model": "dcgan"}, "smallest_sigma is an option of the likelihood"),
    ],
)
def test_an_option_of_another_likelihood_is_refused(config, change, words):
    config["runs"]["mine"] = {"data": "celeba", "smallest_sigma": 0.05, **change}
    with pytest.raises(DmviError, match=words):
        load(config)


def test_model_options_get_their_defaults(config):
    config["runs"]["mine"] = {"data": "celeba", "model": "beta_vae"}
    assert load(config).runs["mine"].spec["beta"] == 4.0


def put(path: str, value):
    """A change of one key of the config, made by its path."""

    def change(config):
        *parents, last = path.split(".")
        for parent in parents:
            config = config.setdefault(parent, {})
        if value is None:
            del config[last]
        else:
            config[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (put("colour", 1), "config.yaml has the unknown key 'colour'; its keys are data"),
        (put("runs.celeba_gaussian.lr", 1), "runs.celeba_gaussian has the unknown key 'lr'"),
        (
            put("defaults.learning_rate", "1e-3"),
            'defaults.learning_rate is "1e-3" (a string); it must be of type number or object; '
            "YAML reads 1e-3 as text, write 1.0e-03",
        ),
        (
            put("runs.celeba_gaussian.latent_dim", 2.5),
            "runs.celeba_gaussian.latent_dim is 2.5 (a number); it must be of type integer",
        ),
        (put("defaults.learning_rate", 0), "defaults.learning_rate is 0; it must be above 0"),
        (put("defaults.latent_dim", 0), "defaults.latent_dim is 0; it must be at least 1"),
        (
            put("study.scale", "huge"),
            'study.scale is "huge"; it must be one of demo, reduced, paper',
        ),
        (put("study", None), "config.yaml lacks the key 'study'"),
        (
            put("runs.celeba_gaussian.model", "vea"),
            "runs.celeba_gaussian.model is 'vea'; it must be one of aae, avb, avb_ac, beta_vae",
        ),
        (
            put("runs.celeba_gaussian.data", "celebb"),
            "runs.celeba_gaussian.data is 'celebb'; it must be one of color_mnist, cifar10, celeba",
        ),
        (
            put("runs.celeba_gaussian.posterior", "iaf"),
            "runs.celeba_gaussian.posterior is 'iaf'; it must be one of gaussian, realnvp",
        ),
        (
            put("runs.celeba_gaussian.likelihood", "laplace"),
            "runs.celeba_gaussian.likelihood is 'laplace'; it must be one of bernoulli",
        ),
        (
            put("runs.celeba_gaussian.beta", 2.0),
            "runs.celeba_gaussian.beta is an option of the model 'beta_vae', "
            "but this run's model is 'vae'",
        ),
        (
            put("runs.celeba_realnvp.latent_dim", 1),
            "runs.celeba_realnvp.latent_dim is 1; the posterior 'realnvp' needs at least 2",
        ),
        (
            put("runs.celeba_gaussian.batch_size", 5000),
            "runs.celeba_gaussian.batch_size is 5000, more than the 2000 training images",
        ),
        (
            put("runs.celeba_gaussian.sweep", {"colour": [1]}),
            "runs.celeba_gaussian.sweep.colour is no key of a run; those are adam_betas",
        ),
        (
            put("runs.celeba_gaussian.sweep", {"iterations": [1]}),
            "runs.celeba_gaussian.iterations is set twice, once as the sweep's iterations",
        ),
        (
            put("runs.celeba_gaussian.sweep", {"weight_encoder": [1.0, 5.0]}),
            "weight_encoder is an option of the model 'vgh', but this run's model is 'vae'",
        ),
        (
            put("runs.DATA_dcgan.sweep", {"learning_rate.critic": [1e-4]}),
            "runs.DATA_dcgan.learning_rate is set twice, once as the sweep's learning_rate.critic",
        ),
        (
            put(
                "runs.mine", {"data": "celeba", "model": "infovae_mmd", "alpha": 0.5, "lambda": 0.4}
            ),
            "runs.mine.alpha is 0.5 and runs.mine.lambda is 0.4; their sum must be at least 1",
        ),
        (
            put("estimators.likelihood", {"temperatures": 1_000_000}),
            "estimators.likelihood.temperatures is 1000000; it must be at most 20000",
        ),
        (
            put("estimators.likelihood", {"chains": 1}),
            "estimators.likelihood.chains is 1; it must be at least 2",
        ),
        (
            put("runs.mine", {"data": "celeba", "sweep": {"learning_rate.critic": [1e-4]}}),
            "learning_rate names vae, critic; the players of 'vae' are vae",
        ),
        (
            put("runs.DATA_vgh.weight_encoder", -1.0),
            "runs.DATA_vgh.weight_encoder is -1.0; it must be at least 0",
        ),
        (
            put("runs.celeba_wgan_gp.penalty", -10),
            "runs.celeba_wgan_gp.penalty is -10; it must be at least 0",
        ),
        (
            put("runs.DATA_dcgan.likelihood", "bernoulli"),
            "runs.DATA_dcgan (color_mnist_dcgan).likelihood is set, but the model 'dcgan' has none",
        ),
        (
            put("runs.DATA_avb.posterior", "gaussian"),
            "runs.DATA_avb (cifar10_avb).posterior is 'gaussian'; it must be one of implicit",
        ),
        (
            put("runs.celeba_gaussian.bound_every", 1000),
            "runs.celeba_gaussian.bound_every is 1000, more than its 120 iterations",
        ),
        (
            put("estimators.scores.inception.data", ["celeba"]),
            "estimators.scores.inception.data names 'celeba', but this score is not defined for "
            "'celeba' images; it is for those of cifar10",
        ),
        (
            put("estimators.scores.critic.data", ["cifar"]),
            "estimators.scores.critic.data names 'cifar'; the data sets are color_mnist, cifar10",
        ),
        (
            put("estimators.scores.critic.penalty", -1),
            "estimators.scores.critic.penalty is -1; it must be at",
        ),
        (
            put("estimators.scores.fid", {"data": ["cifar10"]}),
            "estimators.scores has the unknown key 'fid'; its keys are classes, critic, diversity, inception",
        ),
        (
            put("inception_weights", "nowhere.pth"),
            "nowhere.pth",
        ),
        (
            put("figures.fig5", {"runs": ["celeba_dcgan"]}),
            "the figure reads bound.csv and the model 'dcgan' has no bound to follow",
        ),
        (
            put("figures.fig4", {"runs": ["celeba_dcgan"]}),
            "figures.fig4.runs names 'celeba_dcgan', but the figure reads kl.json and the model "
            "'dcgan' has no posterior with a density",
        ),
        (
            put("figures.fig6", {"runs": ["color_mnist_realnvp"]}),
            "the figure reads profile.csv and the model 'vae' has no Gaussian posterior",
        ),
        (put("synthetic.dims", [0, 10, 100]), "synthetic.dims.0 is 0; it must be at least 1"),
        (
            put("synthetic.widths", [64]),
            "synthetic.widths has 1 entries, but synthetic.dims has 3; give one width per dimension",
        ),
        (
            put("synthetic.dims", [20, 50, 100]),
            "figures.fig19 draws dimensions of at most 10, but synthetic.dims is [20, 50, 100]; add",
        ),
        (
            put("synthetic.dims", [1, 5, 10]),
            "figures.fig20 draws dimensions of above 10, but synthetic.dims is [1, 5, 10]; add one",
        ),
        (
            put("estimators.density_models.gmm.fit_samples", 40),
            "estimators.density_models.gmm.fit_samples is 40, fewer than its 50 components",
        ),
        (
            put("figures.fig27", {"runs": ["color_mnist_vae_large"]}),
            "the figure reads scores.json and the model 'vae' has no scores: the run says scored: false",
        ),
        (
            put("synthetic", None),
            "figures.fig18 draws the synthetic study, but config.yaml has no key 'synthetic'",
        ),
        (
            put("estimators.density_ratio.tables.table1", [{"noise": 1.0}]),
            "estimators.density_ratio.tables.table1.0 has the unknown key 'noise'; its keys are "
            "activation_noise",
        ),
        (
            put("estimators.density_ratio.dropout", 1.0),
            "estimators.density_ratio.dropout is 1.0; it must be below 1",
        ),
        (
            put("runs.celeba_gaussian.sweep", {"latent_dim": ["4"]}),
            'runs.celeba_gaussian (celeba_gaussian-latent_dim4).latent_dim is "4" (a string)',
        ),
        (put("seeds", [0, 0]), "seeds is [0, 0]; its entries must differ from each other"),
        (put("seeds", []), "seeds is []; it must have at least 1 entries"),
        (
            put("defaults.adam_betas", [0.5]),
            "defaults.adam_betas is [0.5]; it must have at least 2",
        ),
        (
            put("defaults.latent_dim", "8"),
            'defaults.latent_dim is "8" (a string); it must be of type integer; '
            "YAML reads 8 as text, write 8",
        ),
        (
            put("runs.celeba_gaussian.learning_rate", {"critic": 0.1}),
            "runs.celeba_gaussian.learning_rate names critic; the players of 'vae' are vae",
        ),
        (
            put("figures.fig2", {"runs": ["nowhere"]}),
            "figures.fig2.runs names 'nowhere'; the runs are color_mnist_gaussian",
        ),
        (put("figures.fig99", {}), "figures.fig99 is no figure; the figures are fig1, fig2"),
        (
            put("figures.fig2", {"select": {"tags": "nobody"}}),
            "figures.fig2.select.tags is 'nobody', which no run has; there are compare, large, main",
        ),
        (
            put("figures.fig2", {"select": {"latent_dim": 77}}),
            "figures.fig2 selects no run",
        ),
        (
            put("figures.fig2", {"select": {"colour": 1}}),
            "figures.fig2.select.colour is no attribute of a run",
        ),
        (
            put("figures.fig2", {"select": {"tags": "main"}, "runs": ["celeba_gaussian"]}),
            "figures.fig2 has both 'runs' and 'select'",
        ),
        (
            put("estimators.low_posterior.keep", 9999),
            "estimators.low_posterior.keep is 9999, more than the 2000 draws",
        ),
        (put("data.celeba.builder", "lsun"), "data.celeba.builder is 'lsun'"),
        (put("data.celeba.source", "web"), "data.celeba.source is 'web'"),
        (put("data.celeba.pixel_noise", 0.1), "data.celeba.pixel_noise is not a key of builder"),
        (put("data.color_mnist.pixel_noise", -1), "data.color_mnist.pixel_noise is -1"),
        (put("runs.bad name", {"data": "celeba"}), "bad name"),
        (
            put("runs.mine", {"data": ["celeba", "cifar10"]}),
            "runs.mine lists data sets, but has no DATA in its name for each one's; call it DATA_mine",
        ),
        (
            put("runs.DATA_mine", {"data": "celeba"}),
            "runs.DATA_mine has a DATA in its name, which stands for each data set of a list, but its "
            "data is 'celeba'; write data: [...], or rename it",
        ),
        (
            put("runs.DATA_mine", {"data": ["celeba", "celebb"]}),
            "runs.DATA_mine (celebb_mine).data is 'celebb'; it must be one of color_mnist, cifar10",
        ),
        (
            put("runs.DATA_mine", {"data": ["celeba", "celeba"]}),
            'runs.DATA_mine.data is ["celeba", "celeba"]; its entries must differ from each other',
        ),
        (
            put("runs.DATA_gaussian", {"data": ["celeba"]}),
            "runs.DATA_gaussian makes the run 'celeba_gaussian' a second time; rename it",
        ),
        (
            put("runs.mine", {"sweep": {"data": [["celeba", "cifar10"]]}}),
            'runs.mine (mine-datacelebaxcifar10).data is ["celeba", "cifar10"] (a list)',
        ),
        (put("defaults.data", ["celeba"]), 'defaults.data is ["celeba"] (a list)'),
        (put("defaults.sweep", {"width": [8]}), "defaults has the unknown key 'sweep'"),
        (
            put("data_defaults.celebb", {"width": 8}),
            "data_defaults names 'celebb'; the data sets are color_mnist, cifar10, celeba",
        ),
        (
            put("data_defaults.celeba.data", "cifar10"),
            "data_defaults.celeba.data is set; its data set is 'celeba' already",
        ),
        (
            put("data_defaults.celeba.width", "8"),
            'data_defaults.celeba.width is "8" (a string); it must be of type integer',
        ),
        (
            put("data_defaults.celeba.bound_every", 1000),
            "runs.DATA_aae (celeba_aae).bound_every is 1000, more than its 48 iterations",
        ),
        (
            put("data", None),
            "config.yaml has runs, but lacks the key 'data' that they are trained on",
        ),
        (
            put("runs", None),
            "figures.fig1 draws runs, but config.yaml has no key 'runs'; add it, or remove the figure",
        ),
        (
            put("estimators.embedding", None),
            "figures.fig2 reads low_posterior/images.npy, but config.yaml has no key "
            "'estimators.embedding'; add it, or remove the figure",
        ),
        (
            put("estimators.scores", None),
            "figures.fig8 reads scores.json, but config.yaml has no key 'estimators.scores'; add it",
        ),
        (
            put("estimators.classifier", None),
            "estimators.scores.inception needs the key 'estimators.classifier'; add it, or remove the score",
        ),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else "",
)
def test_bad_input_is_one_sentence(config, change, sentence):
    change(config)
    with pytest.raises(DmviError) as caught:
        load(config)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_named_twice_is_refused():
    with pytest.raises(DmviError, match="begins a mapping with the key 'mine' twice"):
        check_unique_keys("runs:\n  mine: {data: a}\n  yours: {}\n  mine: {data: b}\n")


def test_a_key_beside_a_merged_entry_replaces_its_own_once():
    """YAML's `<<` brings keys that may be set again; what is written twice is refused all the same."""
    check_unique_keys("a: &a {x: 1, y: 2}\nb: &b {<<: *a, x: 3}\nc: {<<: *b, x: 4}\n")
    with pytest.raises(DmviError, match="line 2 begins a mapping with the key 'x' twice"):
        check_unique_keys("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3, x: 4}\n")


def test_an_empty_figure_entry_takes_the_figures_own_selection(config):
    config["figures"]["fig2"] = None
    assert load(config).figures["fig2"]


def test_a_learning_rate_per_player_is_admitted(config):
    config["runs"]["celeba_gaussian"]["learning_rate"] = {"vae": 1e-3}
    assert load(config).runs["celeba_gaussian"].spec["learning_rate"] == {"vae": 1e-3}


def test_a_figure_refuses_a_model_without_what_it_reads(config):
    """An implicit posterior has no density, hence no Monte Carlo KL."""
    config["figures"]["fig1"] = {"runs": ["celeba_avb"]}
    with pytest.raises(DmviError, match=r"reads kl.json and the model 'avb' has no posterior"):
        load(config)


def test_wrong_inception_weights_are_refused_before_any_job(config, tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"something else")
    config["inception_weights"] = str(path)
    with pytest.raises(DmviError) as caught:
        load(config)
    assert str(path) in str(caught.value)
    assert "6726825d" in str(caught.value)


def test_settings_come_from_the_runs():
    rows = {row["setting"]: row for row in settings_rows(load(read("")))}
    assert rows["batch size"]["value"] == "64"
    assert rows["batch size"]["source"] == "paper"
    assert rows["iterations, color_mnist"]["value"] == "100000"
    assert rows["learning rate, vae"]["value"] == "0.0001, 0.0002, 0.0005, 0.001"
    assert rows["learning rate, dcgan, generator"]["source"] == "ours"
    assert rows["weight encoder, vgh"]["source"] == "paper"
    assert rows["latent dim, color_mnist"]["source"] == "paper"
    demo = {row["setting"]: row for row in settings_rows(load(read("studies/demo")))}
    assert demo["iterations, cifar10"]["source"] == "ours (paper: 200000)"
    assert rows["latent dim, cifar10"]["value"] == "50, 100, 128"


def test_which_runs_have_a_likelihood(config):
    """A Bernoulli's is none of grey pixels; a GAN and what reconstructs by L1 have none at all."""
    config["data"]["black"] = {"builder": "mnist", "source": "standin", "binarize": "eval"}
    config["data"]["grey"] = {"builder": "mnist", "source": "standin"}
    runs = {
        "binary": {"data": "black", "binarize": True},
        "grey_training": {"data": "black"},
        "grey_images": {"data": "grey", "binarize": True},
        "colour": {"data": "cifar10", "likelihood": "quantized_normal"},
        "values": {"data": "cifar10", "likelihood": "categorical"},
        "gan": {"data": "cifar10", "model": "dcgan"},
        "absolute": {"data": "cifar10", "model": "vgh"},
    }
    config["runs"] |= {name: {"latent_dim": 4, **keys} for name, keys in runs.items()}
    study = load(config)
    found = {name: lacks(study.runs[name], "likelihood.json") for name in runs}
    assert {name for name, words in found.items() if words is None} == {
        "binary",
        "colour",
        "values",
    }
    for name in ("grey_training", "grey_images"):
        assert "bernoulli is none of grey pixels; set binarize: true in the run" in found[name]
    for name in ("gan", "absolute"):
        assert found[name] == "explicit likelihood p(x|z)"
    config["figures"] = {"table30": {"select": {"data": "grey"}}}
    with pytest.raises(
        DmviError, match=r"'grey_images' is one, but has no .*bernoulli is none of grey"
    ):
        load(config)


def test_a_likelihood_needs_no_settings_of_its_own(config):
    """Every study has it: what `estimators.likelihood` leaves out has defaults."""
    step = declared_step("estimate_likelihood")
    name = next(iter(load(config).runs))
    assert step["settings"](load(config), name)["schedule"] == "sigmoid"
    config["estimators"]["likelihood"] = {"chains": 7}
    found = step["settings"](load(config), name)
    assert (found["chains"], found["leapfrog"]) == (7, 5)


@pytest.mark.parametrize("study", COMPANIONS)
def test_the_companions_studies_compare_four_objectives(study):
    """All at equal budgets, and with a likelihood that is one: every claim of table 30 has its runs."""
    study = load(read(study))
    names = study.figures["table30"]
    models = {"vae", "infovae_mmd", "infovae_stein", "infovae_adversarial"}
    specs = [study.runs[name].spec for name in names]
    sizes = {spec["latent_dim"] for spec in specs}
    assert {(spec["model"], spec["latent_dim"]) for spec in specs} == {
        (model, size) for model in models for size in sizes
    }
    assert len({(spec["iterations"], spec["width"], spec["data"]) for spec in specs}) == 1
    assert all(lacks(study.runs[name], "likelihood.json") is None for name in names)
    assert len(study.figures["fig30"]) == 2
    weights = [run for run in study.runs.values() if "weights" in run.tags]
    assert all(len(run.seeds) == 1 and run.name in names for run in weights)
    if study.config["study"]["scale"] != "demo":
        compared = [run for run in study.runs.values() if run not in weights]
        assert all(len(run.seeds) >= 3 for run in compared)
    if study.config["study"]["scale"] == "paper":  # a tenth and ten times of each weight
        assert len(weights) == 6


def test_a_run_that_a_figure_leaves_out_for_its_grey_pixels_is_named():
    """A table of likelihoods without one of the objectives would pass for complete."""
    config = read("studies/companions_demo")
    assert load(config).notes == []
    grey = {key: value for key, value in config["runs"]["info_mmd"].items() if key != "binarize"}
    config["runs"]["info_grey"] = {**grey, "data": "grey"}
    study = load(config)
    assert "info_grey-latent_dim8" not in study.figures["table30"]
    (line,) = [line for line in study.notes if line.startswith("figures.table30")]
    assert line.startswith(
        "figures.table30 leaves out info_grey-latent_dim8, which has no normalised likelihood: bernoulli is "
        "none of grey pixels; set binarize: true"
    )


def test_a_model_without_a_table_is_left_out_without_a_word(config):
    assert not [line for line in load(config).notes if "leaves out" in line]
