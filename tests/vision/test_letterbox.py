from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.vision.letterbox import GREY, STRIDE, fit

BUDGET = 640 * 384


@pytest.mark.parametrize(
    ("picture", "canvas"),
    [
        ((1920, 1080), (640, 384)),
        ((640, 480), (576, 416)),
        ((704, 576), (544, 448)),
        ((1080, 1920), (384, 640)),
        ((640, 352), (640, 352)),
    ],
)
def test_each_shape_gets_the_canvas_in_which_it_is_largest(picture: tuple[int, int], canvas: tuple[int, int]) -> None:
    fitted = fit(*picture, BUDGET)
    assert (fitted.canvas_width, fitted.canvas_height) == canvas


@given(st.integers(16, 8000), st.integers(16, 8000))
def test_no_picture_costs_more_than_the_budget_or_leaves_its_canvas(width: int, height: int) -> None:
    fitted = fit(width, height, BUDGET)
    assert fitted.canvas_width * fitted.canvas_height <= BUDGET
    assert fitted.canvas_width % STRIDE == fitted.canvas_height % STRIDE == 0
    assert 0 <= fitted.left <= fitted.left + fitted.width <= fitted.canvas_width
    assert 0 <= fitted.top <= fitted.top + fitted.height <= fitted.canvas_height


@given(
    st.integers(100, 4000),
    st.integers(100, 4000),
    st.floats(0, 0.9),
    st.floats(0, 0.9),
    st.floats(0.05, 1),
    st.floats(0.05, 1),
)
def test_a_box_comes_back_to_where_it_was(
    width: int, height: int, left: float, top: float, box_width: float, box_height: float
) -> None:
    right, bottom = min(left + box_width, 1.0), min(top + box_height, 1.0)
    fitted = fit(width, height, BUDGET)
    back = fitted.box(
        fitted.left + left * fitted.width,
        fitted.top + top * fitted.height,
        fitted.left + right * fitted.width,
        fitted.top + bottom * fitted.height,
    )
    assert back is not None
    assert (back.left, back.top, back.right, back.bottom) == pytest.approx((left, top, right, bottom), abs=1e-6)


def test_a_box_in_the_grey_border_is_none_and_one_across_the_edge_is_cut() -> None:
    fitted = fit(1920, 1080, BUDGET)
    assert fitted.box(0, 0, 640, 11) is None
    cut = fitted.box(-20, 0, 320, 192)
    assert cut is not None
    assert (cut.left, cut.top, cut.right, cut.bottom) == pytest.approx((0, 0, 0.5, 0.5))


def test_a_picture_lies_on_grey_unchanged_when_the_decoder_has_scaled_it() -> None:
    fitted = fit(1920, 1080, BUDGET)
    image = np.random.default_rng(0).integers(0, 255, (fitted.height, fitted.width, 3), np.uint8)
    canvas = np.empty((fitted.canvas_height, fitted.canvas_width, 3), np.uint8)
    fitted.place(image, canvas)
    assert np.array_equal(canvas[fitted.top : fitted.top + fitted.height], image)
    assert (canvas[: fitted.top] == GREY).all()
