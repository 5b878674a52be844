"""Table 3: learning rates, model by network, and the other training settings."""

from dmvi.data.registry import BUILDERS
from dmvi.study.declarations import declared_models
from dmvi.tables.models import in_order, model_title

TITLE = "Learning rates and training settings"
SOURCES = {"study": ("tables/settings.csv",)}
SEEDS = "first"
SELECT = {}
CAPTION = (
    "Above: the rates of every model, by the paper's rows of networks (here columns); its rates are "
    'lost. Below: what else is set. "paper" marks what the paper\'s text states, "ours" what it leaves '
    "open and we chose. Printed from the configuration and the code."
)

RATE = "learning rate, "
# The paper's rows; a player that is no opponent is in the first.
NETWORKS = ("Generator/Encoder", "Discriminator", "Code discriminator")
OPPONENTS = {"discriminator": 1, "critic": 1, "code_discriminator": 2}  # player -> its row


def draw(tables):
    from dmvi.figures.print_table import print_table

    rows = tables.study_csv("tables/settings.csv").fillna("").astype(str)
    rates = {
        setting.removeprefix(RATE): value
        for setting, value in zip(rows["setting"], rows["value"], strict=True)
        if setting.startswith(RATE)
    }
    body: list[list[str] | str] = [
        [model_title(model), *(_rates(rates, model, i) for i in range(len(NETWORKS)))]
        for model in in_order(name.split(", ")[0] for name in rates)
    ]
    others = rows[~rows["setting"].str.startswith(RATE)]
    body.append("Other settings: value, source")
    body += [[_named(row.setting), row.value, row.source, ""] for row in others.itertuples()]
    return print_table(["learning rates", *NETWORKS], body)


def _rates(rates: dict[str, str], model: str, network: int) -> str:
    """The rates of a model's network in a row of the paper's; a dash where it has none."""
    declared = declared_models().get(model, {}).get("passes", {})
    own = [player for player in declared if OPPONENTS.get(player, 0) == network]
    found = [rates.get(f"{model}, {player}", rates.get(model, "")) for player in own]
    return " / ".join(dict.fromkeys(filter(None, found))) or "–"


def _named(setting: str) -> str:
    """A setting's name with the titles of data sets and models in the place of their keys."""
    key, _, of = setting.partition(", ")
    title = BUILDERS[of].kind if of in BUILDERS and BUILDERS[of].kind else model_title(of)
    return f"{key}, {title}" if of else key
