"""Figure 23: the VAE's ELBO and VEEGAN's bound along training."""

from dmvi.figures.bound_curves import curve_sizes, draw_curves

TITLE = "The bound along training: VAE and VEEGAN"
SOURCES = {"run": ("run.json", "bound.csv")}
SEEDS = "all"
SELECT = {"tags": "compare", "model": ["vae", "veegan"]}
CAPTION = (
    "VEEGAN's bound lives in the space of codes: minus the squared distance per latent between a code "
    "and its reconstruction, minus the joint discriminator's logit: minus its generator's loss. "
    "It has another unit than an ELBO, so each model has an axis of its own: compare shapes, not "
    "heights. A curve that wanders while the samples improve cannot tell when to stop."
)

LABELS = {"vae": "ELBO  [nats]", "veegan": "bound on codes"}

sample_sizes = curve_sizes


def draw(tables):
    return draw_curves(tables, LABELS)
