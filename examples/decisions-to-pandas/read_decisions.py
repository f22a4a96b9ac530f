"""Reads the decisions that write-decisions.mjs wrote: python3 read_decisions.py decisions.jsonl"""

import sys

import pandas as pd

decisions = pd.read_json(sys.argv[1], lines=True, dtype={"sha256": str, "wnid": str})
print(decisions.groupby("state")[["maxTrueProb", "crops"]].mean())
print(decisions[decisions["state"] == "kept"]["confusion"].value_counts().head(10))
