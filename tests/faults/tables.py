"""The faults of each language, and the services of others that meet them, too."""

from collections.abc import Mapping, Sequence

import python_baselines
import python_faults
import rust_baselines
import rust_faults
from fault import Fault

TABLES: Mapping[str, Mapping[str, Sequence[Fault]]] = {
    "python": python_faults.GROUPS,
    "rust": rust_faults.GROUPS,
}

Baseline = python_baselines.Baseline | rust_baselines.Baseline
BASELINES: Mapping[str, Sequence[Baseline]] = {
    "python": python_baselines.BASELINES,
    "rust": rust_baselines.BASELINES,
}
