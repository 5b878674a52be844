"""Runs that differ in their number of latents or in their code discriminator, and their names."""

from dmvi.tables.models import model_rank, model_title


def by_latent_size(runs) -> dict[tuple, list]:
    """Runs per (data set, latent size), sizes ascending; VAE first, then by code discriminator."""
    groups: dict[tuple, list] = {}
    for run in runs:
        groups.setdefault((run.data, run.latent_dim), []).append(run)
    order = list(dict.fromkeys(run.data for run in runs))
    keys = sorted(groups, key=lambda key: (order.index(key[0]), key[1]))
    return {
        key: sorted(groups[key], key=lambda r: (model_rank(r.model), code_network(r), r.name))
        for key in keys
    }


def code_network(run) -> tuple[int, int]:
    """Hidden layers and units of the code discriminator, (0, 0) for a model without one."""
    return tuple(int(run.spec.get(key, 0)) for key in ("code_layers", "code_width"))


def code_network_labels(tables) -> dict[str, str]:
    """ "AAE, C 3 × 1,000": model and code discriminator; the run's name where those are alike."""
    texts = {}
    for run in tables.runs:
        layers, width = code_network(run)
        code = f", C\u00a0{layers}\u00a0×\u00a0{width:,}" if layers else ""
        texts[run.name] = model_title(run.model) + code
    for runs in by_latent_size(tables.runs).values():
        shared = [texts[run.name] for run in runs]
        texts |= {
            run.name: f"{text}, {run.name}"
            for run, text in zip(runs, shared, strict=True)
            if shared.count(text) > 1
        }
    return texts
