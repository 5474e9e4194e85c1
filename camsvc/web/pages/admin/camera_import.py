"""``/admin/import``: many cameras from a file, first as a dry run."""

from __future__ import annotations

from camsvc.web.components.camera_import import CameraImport
from camsvc.web.markup import icon, tag
from camsvc.web.pages.admin.desk import desk
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR


def add(site: Site) -> None:
    @SitePage("/admin/import")
    async def page() -> None:
        visitor = VISITOR.get()
        here = site.seen_by(visitor)
        await here.lookout.now()
        words = here.words(visitor)
        say = words.language
        with desk(here, visitor, words, "cameras", say("camimport.title"), styles=("camera-admin.css",)) as middle:
            if middle is None:
                return
            with tag("div", "camedit__head"):
                tag("a", "cam-btn cam-btn--icon", "←", href="/admin/cameras", aria_label=say("camedit.back"))
                tag("h1", "", say("camimport.title"))
                for name, key in (("template", "camimport.template"), ("export", "camimport.export")):
                    with tag("a", "cam-btn", href=f"/api/v1/cameras/{name}.csv", download=""):
                        icon("download")
                        tag("span", "", say(key))
            tag("p", "cam-soft", say("camimport.how"))
            CameraImport(words)
