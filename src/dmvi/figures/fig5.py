"""Figure 5: the bound along training: the VAE's ELBO, and what a classifier makes of it."""

from dmvi.figures.bound_curves import curve_sizes, draw_curves

TITLE = "The bound along training: VAE, AAE and AdversarialVB"
SOURCES = {"run": ("run.json", "bound.csv")}
SEEDS = "all"
SELECT = {"tags": "compare", "model": ["vae", "aae", "avb", "avb_ac"]}
CAPTION = (
    "The KL of the VAE's ELBO is in closed form (its likelihood term is sampled), and the ELBO can be "
    "watched for convergence; the others put "
    "a classifier's estimate in place of KL(q(z|x)‖p(z)), which moves with the classifier as well "
    'as with the model. AAE\'s classifier estimates the marginal KL(q(z)‖p(z)): its "bound" lacks '
    "the mutual information of x and z and lies above an ELBO. Every panel has a y axis of its "
    "own: compare shapes, not heights."
)

LABELS = {
    "vae": "ELBO  [nats]",
    "aae": "with classifier  [nats]",
    "avb": "with classifier  [nats]",
    "avb_ac": "with classifier  [nats]",
}

sample_sizes = curve_sizes


def draw(tables):
    return draw_curves(tables, LABELS)
