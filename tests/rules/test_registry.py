from __future__ import annotations

import pytest

from camsvc.config import CameraConfig
from camsvc.domain.camera import Camera, RuleSpec, Streams
from camsvc.errors import ConfigError
from camsvc.rules.presence import Presence
from camsvc.rules.registry import make_rules


def test_every_rule_of_the_configuration_becomes_a_rule() -> None:
    config = CameraConfig.model_validate(
        {
            "id": "gate-1",
            "name": "Gate",
            "area": "town",
            "streams": {"main": "rtsp://127.0.0.1/gate"},
            "zones": {"door": [[0, 0], [1, 0], [1, 1]]},
            "rules": [{"kind": "presence"}, {"kind": "presence", "zone": "door", "after_s": 10}],
        }
    )
    rules = make_rules(config.to_domain())
    assert [type(rule) for rule in rules] == [Presence, Presence]


@pytest.mark.parametrize(
    ("spec", "said"), [(RuleSpec("dancing"), "dancing"), (RuleSpec("presence", zone="roof"), "roof")]
)
def test_a_rule_that_cannot_be_is_named(spec: RuleSpec, said: str) -> None:
    camera = Camera("c", "C", "town", None, Streams("rtsp://127.0.0.1/c"), rules=(spec,))
    with pytest.raises(ConfigError, match=said):
        make_rules(camera)
