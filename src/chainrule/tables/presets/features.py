"""Fixed features of a table's inputs: what a member of an ensemble takes, and the derivatives back to the inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.network.arrays import Array

FARTHEST = 1e100  # so that its square is a number
ROUND = 3.0  # where a scaled number is bent: at most so large in size


@dataclass(frozen=True, eq=False)
class Features:
    """From inputs x (n, d) to features (n, m): all inputs scaled, then ramps, then waves.

    An input is scaled, z = (x - centre) * factor; a number's z is then bent, z / sqrt(1 + (z/3)^2), so that no outlier
    is far away (Holzmueller, Grinsztajn & Steinwart 2024). Ramp j is (x_c - low) / width of its input c, cut to 0 and
    1: those of one input, between its quantiles, are a piecewise linear encoding (Gorishniy, Rubachev & Babenko 2022).
    Wave j is cos(frequency * z_c + phase), of the bent z.

    Attributes:
        centre, factor, bent: of each input (d,); ``bent`` is 1 for a number that is bent, 0 for one that is not.
        ramp_input, ramp_low, ramp_width: of each ramp; the first are whole numbers from 0.
        wave_input, wave_frequency, wave_phase: of each wave.
    """

    centre: Array
    factor: Array
    bent: Array
    ramp_input: Array
    ramp_low: Array
    ramp_width: Array
    wave_input: Array
    wave_frequency: Array
    wave_phase: Array

    @property
    def count(self) -> int:
        """m, how many features there are."""
        return len(self.centre) + len(self.ramp_input) + len(self.wave_input)

    def _scaled(self, x: Array) -> tuple[Array, Array]:
        """z, and its derivative by x."""
        with np.errstate(over="ignore"):
            z = np.clip((x - self.centre) * self.factor, -FARTHEST, FARTHEST)
        root = 1 / np.sqrt(1 + self.bent * (z / ROUND) ** 2)
        return z * root, root**3 * self.factor

    def __call__(self, x: Array) -> Array:
        """The features (n, m) of x (n, d), float64."""
        z, _ = self._scaled(x)
        ramps = np.clip((x[:, self.ramp_input] - self.ramp_low) / self.ramp_width, 0, 1)
        waves = np.cos(z[:, self.wave_input] * self.wave_frequency + self.wave_phase)
        return np.concatenate([z, ramps, waves], axis=1)

    def back(self, x: Array, slopes: Array) -> Array:
        """Derivatives by the inputs (n, d) from those by the features (n, m); at a ramp's end that of its flat side."""
        d, ramps = len(self.centre), len(self.ramp_input)
        z, dz = self._scaled(x)
        by_z, by_ramp, by_wave = np.split(slopes, [d, d + ramps], axis=1)
        by_z = by_z.copy()
        angle = z[:, self.wave_input] * self.wave_frequency + self.wave_phase
        np.add.at(by_z.T, self.wave_input, (by_wave * -np.sin(angle) * self.wave_frequency).T)
        found: Array = by_z * dz
        at = (x[:, self.ramp_input] - self.ramp_low) / self.ramp_width
        np.add.at(found.T, self.ramp_input, (by_ramp * ((at > 0) & (at < 1)) / self.ramp_width).T)
        return found


def is_number(x: Array) -> Array:
    """Which inputs (d,) take more than two values: the others are truth values or slots of categories."""
    low, high = x.min(axis=0), x.max(axis=0)
    return ((x != low) & (x != high)).any(axis=0)  # type: ignore[no-any-return]


def learn_features(x: Array, ramps: int = 0, waves: int = 0, spread: float = 1.0, seed: int = 0) -> Features:
    """The features of rows x (n, d).

    Args:
        ramps: of each number, between so many + 1 quantiles; equal quantiles make one.
        waves: of each number, with frequencies drawn from a normal distribution with this ``spread``.
    """
    number = is_number(x)
    first, middle, third = np.quantile(x, [0.25, 0.5, 0.75], axis=0)
    low, high = x.min(axis=0), x.max(axis=0)
    width = np.where(third > first, (third - first) / 1.35, (high - low) / 2)  # 1.35: that of a normal distribution
    usable = number & (width > 0)
    factor = np.where(usable, 1 / np.where(usable, width, 1.0), 1.0)
    numbers = np.flatnonzero(number)
    edges = [np.unique(np.quantile(x[:, c], np.linspace(0, 1, ramps + 1))) for c in numbers] if ramps else []
    owners = [np.full(len(e) - 1, c) for c, e in zip(numbers, edges, strict=False)]
    lows, widths = [e[:-1] for e in edges], [np.diff(e) for e in edges]
    rng = np.random.default_rng(seed)
    of_wave = np.repeat(numbers, waves)
    return Features(
        np.where(usable, middle, 0.0), factor, number.astype(float),
        _joined(owners).astype(np.int64), _joined(lows), _joined(widths),
        of_wave, rng.normal(0, spread, len(of_wave)), rng.uniform(0, 2 * np.pi, len(of_wave)),
    )  # fmt: skip


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0)
