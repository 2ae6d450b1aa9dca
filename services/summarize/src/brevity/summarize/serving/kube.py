"""What a RayService imports: `import_path: brevity.summarize.serving.kube:app`.

Serve itself is started by the RayService, with the address of its `http_options`; this only builds the application. What
`serveConfigV2` says of the deployment (replicas, resources) goes before the settings. Options that it leaves out are
those of `build`.
"""

from __future__ import annotations

from typing import Any

from brevity.common.settings import load_settings
from brevity.summarize.serving.app import build, refuse_open_door
from brevity.summarize.settings import SummarizeSettings


def app(_arguments: dict[str, str]) -> Any:
    """The application with the settings of this pod's environment.

    Raises:
        Fatal: A setting is unknown or wrong, or the replicas would be open to the network without a token.
    """
    settings = load_settings(SummarizeSettings)
    refuse_open_door(settings.summarize)
    return build(settings)
