"""What editors and containers are told agrees with the project: verbs, packages, extensions, where clangd looks."""

from __future__ import annotations

import json
import re
import unittest
from typing import Any

from lab.arguments import VERBS
from lab.tests.fake import REAL_ROOT


def read(name: str) -> str:
    return (REAL_ROOT / name).read_text(encoding="utf-8")


def parsed(name: str) -> Any:
    return json.loads(read(name))


class Editors(unittest.TestCase):
    def test_each_task_is_a_verb_that_takes_a_chapter(self) -> None:
        tasks, verbs = parsed(".vscode/tasks.json"), {verb.name: verb for verb in VERBS}
        self.assertEqual([task["label"] for task in tasks["tasks"]], ["check", "watch", "hint", "compare", "trace"])
        for task in tasks["tasks"]:
            self.assertEqual((task["command"], task["args"]), ("./lab", [task["label"], "${input:chapter}"]))
            self.assertIn(task["label"], verbs)
            self.assertNotEqual(verbs[task["label"]].chapter, "no")
        self.assertEqual([one["id"] for one in tasks["inputs"]], ["chapter"])

    def test_the_task_check_finds_the_lines_of_findings(self) -> None:
        check = parsed(".vscode/tasks.json")["tasks"][0]
        headline, place = (re.compile(pattern["regexp"]) for pattern in check["problemMatcher"][1]["pattern"])
        pages = sorted((REAL_ROOT / "docs/findings").glob("[a-z]*-*.md"))
        messages = [re.search(r"```text\n(.*?)\n(.*?)\n", page.read_text(encoding="utf-8")) for page in pages]
        placed = [message for message in messages if message and place.search(message[2])]
        self.assertGreater(len(placed), 20)
        for message in placed:
            found = headline.search(message[1])
            self.assertTrue(found and found[2], message[1])
        found = place.search("      chapters/03_ring/kernel.cu:61   sum += shared;     block 0, warp 2, lane 5")
        self.assertEqual(found and found.groups(), ("chapters/03_ring/kernel.cu", "61"))

    def test_the_container_has_what_lab_would_install(self) -> None:
        wanted = {"g++" if name == "compiler" else name for name in re.findall(r"\bneed ([\w-]+) ", read("lab"))}
        self.assertGreater(len(wanted), 5)
        installed = re.search(r"apt-get install -y --no-install-recommends ([^&]*)&&", read(".devcontainer/Dockerfile"))
        assert installed
        self.assertEqual(set(installed[1].replace("\\", " ").split()), wanted | {"clangd"})

    def test_the_container_has_the_recommended_extensions(self) -> None:
        container = parsed(".devcontainer/devcontainer.json")
        extensions = container["customizations"]["vscode"]["extensions"]
        self.assertEqual(extensions, parsed(".vscode/extensions.json")["recommendations"])
        self.assertTrue((REAL_ROOT / ".devcontainer" / container["build"]["dockerfile"]).is_file())

    def test_clangd_looks_where_a_preset_writes_the_database(self) -> None:
        folder = re.search(r"^ *CompilationDatabase: build/(\S+)", read(".clangd"), re.MULTILINE)
        presets = parsed("CMakePresets.json")["configurePresets"]
        self.assertIn(folder and folder[1], [preset["name"] for preset in presets])
        self.assertIn("${sourceDir}/build/${presetName}", [preset.get("binaryDir") for preset in presets])
        self.assertIn("set(CMAKE_EXPORT_COMPILE_COMMANDS ON)", read("CMakeLists.txt"))

    def test_the_editor_s_settings_are_json(self) -> None:
        self.assertEqual(parsed(".vscode/settings.json")["editor.rulers"], [120])
        self.assertIn("max_line_length = 120", read(".editorconfig"))


if __name__ == "__main__":
    unittest.main()
