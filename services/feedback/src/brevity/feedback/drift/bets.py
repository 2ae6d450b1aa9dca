"""Bets against uniform p-values: densities on (0, 1), so that the mean gain of each is 1 while nothing changes.

Two shapes, mixed: powers e * p**(e - 1) win when values beyond all earlier ones arrive (Vovk, Nouretdinov,
Gammerman 2003, "Testing exchangeability on-line"); steps, which put a larger share on p < t, are the likelihood
ratio of a yes/no outcome whose rate rises from t, and win on small lasting shifts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

POWERS: Floats = np.array([0.15, 0.5])
STEPS: Floats = np.array(
    [(0.03, 0.2), (0.1, 0.16), (0.1, 0.25), (0.25, 0.4), (0.25, 0.6), (0.5, 0.65), (0.5, 0.85)]
)
"""(t, share): bet `share` on p < t."""

BETS = len(POWERS) + len(STEPS)

_BELOW = STEPS[:, 1] / STEPS[:, 0]
_ABOVE = (1 - STEPS[:, 1]) / (1 - STEPS[:, 0])


def gains(p: Floats) -> Floats:
    """What each bet on small p-values returns.

    Args:
        p: Values in (0, 1), any shape.

    Returns:
        An array with one more axis, of length BETS, all positive.
    """
    wide = p[..., None]
    powers = POWERS * wide ** (POWERS - 1)
    steps = np.where(wide < STEPS[:, 0], _BELOW, _ABOVE)
    return np.concatenate((powers, steps), axis=-1)
