"""What passes as it is, judged on what real encoders make."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from av.codec.context import Flags

from camsvc.live.passing import OrderWatch, facts_of, why_not
from camsvc.media.nal import ParameterSets
from camsvc.media.packets import VideoParameters
from tests.worker import spooling

WIDTH, HEIGHT = 320, 240


def made(encoder: str = "libx264", pixel_format: str = "yuv420p", **options: str) -> VideoParameters:
    """Parameters of a film by this encoder."""
    context = av.CodecContext.create(encoder, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, pixel_format
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    context.options = {"preset": "ultrafast", **options}
    context.flags |= int(Flags.global_header)
    frame = av.VideoFrame.from_ndarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8), format="rgb24")
    context.encode(frame.reformat(format=pixel_format))
    codec = "hevc" if encoder == "libx265" else "h264"
    return VideoParameters(codec, WIDTH, HEIGHT, bytes(context.extradata or b""), 25.0)


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
def test_the_profiles_of_cameras_pass(profile: str) -> None:
    assert why_not(made(profile=profile, bf="0")) is None


@pytest.mark.parametrize(
    ("options", "rendition"),
    [
        ({"pixel_format": "yuv422p"}, "profile"),
        ({"pixel_format": "yuv444p"}, "profile"),
        ({"pixel_format": "yuv420p10le"}, "profile"),
        ({"flags": "+ilme+ildct", "x264-params": "interlaced=1", "bf": "0"}, "profile"),
        ({"bf": "2", "preset": "medium"}, "b-frames"),
        ({"bf": "3", "preset": "medium", "profile": "main"}, "b-frames"),
    ],
)
def test_what_not_every_browser_plays_is_transcoded_and_why_is_known(options: dict[str, str], rendition: str) -> None:
    assert why_not(made(**options)) == rendition


def test_h265_is_transcoded() -> None:
    assert why_not(made("libx265", **{"x265-params": "log-level=none"})) == "hevc"


def test_parameters_that_cannot_be_read_and_other_codecs_are_left_to_the_transcoder() -> None:
    video = made(bf="0")
    assert why_not(replace(video, extradata=video.extradata[:7])) == "profile"
    assert why_not(replace(video, codec="mjpeg")) == "profile"


def test_the_facts_of_a_set_with_timing_and_rates_are_read() -> None:
    video = made(
        **{
            "x264-params": "nal-hrd=cbr:vbv-maxrate=500:vbv-bufsize=500:bitrate=500:bframes=2:cqm=jvt",
            "bf": "2",
            "preset": "medium",
        }
    )
    sets = dict(ParameterSets.of("h264", video.extradata).sets)
    facts = [facts_of(unit) for (kind, _), unit in sets.items() if kind == 1]
    assert [(each.profile, each.is_420_8bit, each.is_progressive, each.reordered) for each in facts] == [
        (100, True, True, 2)
    ]


def test_a_set_that_is_silent_passes_and_its_stream_is_watched() -> None:
    """As of cameras that send no usability information: cut off here, with the flag that announces it."""
    packets = [
        replace(each, pts_90k=pts) for each, pts in zip(spooling.packets(0, 0.6), (0, 3, 1, 2, 6, 4), strict=True)
    ]
    watch = OrderWatch()
    assert [watch.is_reordered(each) for each in packets] == [False, False, True, True, False, True]


def test_pictures_in_order_and_a_key_frame_that_starts_anew_are_no_b_frames() -> None:
    watch = OrderWatch()
    packets = list(spooling.packets(0, 3))
    assert not any(watch.is_reordered(each) for each in packets)
    assert not watch.is_reordered(replace(packets[0], pts_90k=0))
    assert not watch.is_reordered(replace(packets[1], pts_90k=0))
