"""Which units dropout keeps, held against the hash in plain integers."""

import numpy as np
import pytest

from chainrule.train.dropout import keep, keys, mix, scale, threshold

MASK = 2**32 - 1


def finaliser(h):
    """MurmurHash3's, as its author wrote it: https://github.com/aappleby/smhasher, fmix32."""
    h ^= h >> 16
    h = h * 0x85EBCA6B & MASK
    h ^= h >> 13
    h = h * 0xC2B2AE35 & MASK
    return h ^ h >> 16


@pytest.mark.parametrize("h", [0, 1, 2, 12345, 2**31, MASK])
def test_the_hash_is_murmurs(h):
    assert mix(np.array([h], np.uint32)).tolist() == [finaliser(h)]
    assert finaliser(1) == 0x514E28B7


def test_keys_are_hashes_of_seed_step_and_layer():
    found = keys(7, 5, 2, 3)
    assert found.shape == (2, 3)
    assert found.dtype == np.uint32
    for i, step in enumerate((5, 6)):
        for layer in (1, 2, 3):
            of_step = finaliser(step ^ finaliser(7))
            assert found[i, layer - 1] == finaliser(of_step ^ (layer * 0x9E3779B9 & MASK))
    assert keys(7 + 2**32, 5, 2, 3).tolist() == found.tolist()


def test_a_unit_is_kept_from_the_threshold_on():
    drawn = np.array([[finaliser(u ^ finaliser(n ^ 99)) for u in range(3)] for n in range(4)])
    for share in (0.25, drawn[2, 1] / 2**32):
        expected = np.where(drawn >= share * 2**32, 1 / (1 - share), 0.0)
        assert keep(99, share, 4, 3, np.float64).tolist() == expected.tolist()
    assert keep(99, 0.25, 4, 3, np.float32).dtype == np.float32


def test_a_share_next_to_1_has_a_threshold():
    assert threshold(0.0) == 0
    assert threshold(0.5) == 2**31
    assert threshold(1 - 2.0**-40) == MASK
    assert scale(0.75) == 4.0
