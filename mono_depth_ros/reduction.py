"""By which whole factor an image is averaged before it is resized to what is needed of it."""

from __future__ import annotations


def whole_factor(size: tuple[int, int], least: tuple[int, int]) -> int:
    """The largest factor that divides both sides of `size` and leaves at least `least`.

    Where none does of those above half of the largest possible, that one: OpenCV then averages
    over parts of pixels, which takes 2 to 5 times as long. 1 where an image is enlarged.
    """
    most = min(side // needed for side, needed in zip(size, least))
    dividing = (factor for factor in range(most, most // 2, -1)
                if not any(side % factor for side in size))
    return next(dividing, max(1, most))
