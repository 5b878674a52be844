"""How many rows of the tables, and how many of some random mutations, are answered badly.

PYTHONPATH=src:tests/hostile:tests/workflow python tests/hostile/count.py --mutations 1000 --seed 7
"""

import argparse
import random
import tempfile
from collections import Counter
from pathlib import Path

from hostile import answer, changed, rows, written
from hypothesis import HealthCheck, Phase, given, seed, settings
from mutations import mutations
from test_mutations import CONFIG, judged


def of_tables(folder: Path, show: bool) -> None:
    for table, make in (("values", changed), ("texts", written), ("accepted", written)):
        kinds: Counter[str] = Counter()
        for row in rows(table):
            try:
                sentence = answer(make(row), folder)
            except Exception as error:
                kinds["another exception"] += 1
                if show:
                    print(f"{str(row)[:100]}: {type(error).__name__}: {str(error)[:200]}")
                continue
            if table == "accepted":
                kind = "good" if sentence is None else "refused"
            elif sentence is None:
                kind = "accepted"
            elif all(str(word) in sentence for word in row["says"]):
                kind = "good"
            else:
                kind = "a sentence without the words"
            kinds[kind] += 1
            if show and kind != "good":
                print(f"{str(row)[:100]}: {kind}: {sentence}")
        print(table, dict(kinds))


def of_mutations(folder: Path, number: int, start: int, show: bool) -> None:
    bad: list[str] = []
    every = random.Random(start)

    @seed(every.random())
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(mutation=mutations(CONFIG))
    def look(mutation) -> None:
        if words := judged(mutation, folder):
            bad.append(f"{mutation}: {words}")

    look()
    print(f"mutations, seed {start}: {len(bad)} bad answers of {number}")
    for line in bad if show else ():
        print(" ", line[:400])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutations", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true")
    given_ = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        of_tables(Path(temporary), given_.show)
        of_mutations(Path(temporary), given_.mutations, given_.seed, given_.show)
