"""Clips that say everything twice, as many sites make them: where the second time lies, found by the clip alone.

Such a site plays the recording again behind a word or two ("once again"), so the clip is like itself a while later. A
network that hears a second or two at a time cannot know that what it hears was there before.
"""

import numpy as np

ALIKE = 0.5  # correlation from which two stretches are one recording; noise of their own stays between
SHORTEST, LONGEST = 1 / 3, 2 / 3  # of the clip, from the first time to the second


def last_pass(samples: np.ndarray) -> np.ndarray | None:
    """Return the end of a clip (N,) from where it begins to repeat itself, None where it does not.

    It is as long as the way from anything to its repetition, so whatever is said before the first time and between the
    two is shorter than the pass itself.
    """
    lag, likeness = _lag_of(samples)
    return samples[len(samples) - lag :] if likeness >= ALIKE else None


def _lag_of(samples: np.ndarray) -> tuple[int, float]:
    """Return the shift at which a clip is most like itself, and the correlation of what overlaps there."""
    import scipy.fft

    count = len(samples)
    lags = np.arange(int(SHORTEST * count) + 1, int(LONGEST * count))
    if not len(lags):
        return 0, 0.0
    length = scipy.fft.next_fast_len(2 * count, real=True)
    spectrum = scipy.fft.rfft(samples.astype(np.float64), length)
    products = scipy.fft.irfft(np.abs(spectrum) ** 2, length)[lags]
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    norms = np.sqrt(energy[count - lags] * (energy[count] - energy[lags]))
    likeness = products / np.maximum(norms, 1e-9)
    best = int(likeness.argmax())
    return int(lags[best]), float(likeness[best])
