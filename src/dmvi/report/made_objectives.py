"""Made-up tables of runs that differ in their objective, the ELBO's or InfoVAE's (`dmvi.report.worlds`).

In a claimed world InfoVAE matches q(z) to the prior, has the better likelihood and the codes that tell
more; in the other world it is the other way round.
"""

from typing import Any

import numpy as np

from dmvi.study.config import Study
from dmvi.study.scores import scores_asked
from dmvi.tables.objectives import ADVERSARIAL, ELBO, MMD, OBJECTIVES, PIXELS, STEIN

LABELS = (100, 1000)
LOG_P = {MMD: -84.0, STEIN: -86.0, ADVERSARIAL: -88.0, ELBO: -90.0}  # nats, in the published order
ALL_IMAGES = 50_000  # of a data set without a limit


def is_info(spec: dict[str, Any]) -> bool:
    """Whether a run is trained with InfoVAE's divergence: of the others, the ELBO is compared with it."""
    if spec["model"] == PIXELS:
        return (spec["alpha"], spec["lambda"]) != (0, 1)
    return spec["model"] in OBJECTIVES and spec["model"] != ELBO


def training_images(study: Study, run: str) -> int:
    limit = study.data[study.runs[run].spec["data"]].get("limit", {})
    return int(limit.get("train", ALL_IMAGES))


def moments(study: Study, run: str, claimed: bool, noise: float) -> dict:
    """log det Cov of q(z): the ELBO's above the prior's, more so with few images, where it is claimed."""
    wide = 12.0 - np.log(training_images(study, run)) if claimed else 0.1
    logdet = noise * (0.05 if is_info(study.runs[run].spec) else wide)
    d = study.runs[run].spec["latent_dim"]
    return {
        split: {"logdet": logdet, "logdet_per_latent": logdet / d} for split in ("train", "test")
    }


def probes(spec: dict[str, Any], claimed: bool, noise: float) -> list[dict]:
    """Test errors of a classifier of codes."""
    error = noise * (0.1 if is_info(spec) == claimed else 0.3)
    return [
        {"classifier": kind, "labels": labels, "mean": error, "sd": 0.001}
        for kind in ("linear", "rbf")
        for labels in LABELS
    ]


def class_mismatch(study: Study, run: str, claimed: bool, noise: float) -> float | None:
    """Of samples and data, nats; None on data for which the study does not ask."""
    chosen = study.runs[run]
    if "classes" not in scores_asked(study.config, chosen.spec["data"], chosen.how["scored"]):
        return None
    return noise * (0.01 if is_info(chosen.spec) == claimed else 0.5)


def curve(study: Study, run: str, claimed: bool) -> dict:
    """Distances along training; restless with the adversary where that is claimed, else with the others."""
    steps = np.array(study.runs[run].how["snapshots"], dtype=np.int64)
    restless = (study.runs[run].spec["model"] == ADVERSARIAL) == claimed
    logdet = (1.0 if restless else 0.01) * (-1.0) ** np.arange(len(steps))
    return {
        **{"step": steps, "mmd2_gaussian": 1e-3, "mmd2_imq": 1e-3},
        **{"logdet": logdet * study.runs[run].spec["latent_dim"], "logdet_per_latent": logdet},
    }


def points(spec: dict[str, Any], claimed: bool, noise: float) -> dict:
    """Two points and one latent: the ELBO's posteriors far from the prior where that is claimed."""
    far = is_info(spec) != claimed
    kl = noise * (1.0 if far else 0.05)
    return {"kl": kl, "avg_kl": kl + 0.65, "far_mass": noise * (0.2 if far else 0.01)}


def likelihood(spec: dict[str, Any], claimed: bool, noise: float) -> dict:
    """-log p in the published order, or in its reverse; the gate is open."""
    value = LOG_P.get(spec["model"], LOG_P[ELBO])
    value = noise * (value if claimed else min(LOG_P.values()) + max(LOG_P.values()) - value)
    pair = {"value": value, "standard_error": 0.1}
    return {
        **pair,
        **{"method": "ais", "n": 128, "ais": pair, "is": pair, "elbo": {**pair, "kind": "ELBO"}},
        **{"gap": 1.0, "ess": 3.0, "acceptance": 0.7, "flags": []},
        "gate": {"open": True, "gap": 0.1, "standard_error": 0.01, "threshold": 1.0, "n": 64},
    }
