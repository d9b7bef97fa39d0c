"""gallery.py: each bug stands under its symptoms, with its cause, findings and fix; a stale page is noticed."""

from __future__ import annotations

import subprocess

from .support import ToolTest

SOLUTION = """\
void f() {
  wait(parity);
  // >>> 3.1 read it
  int x = tile[slot];

  use(x);
  // <<< 3.1
  a();
  b();
  c();
}
"""
NAMES = """\
| finding | what happened |
| :-- | :-- |
| [read-in-flight](read-in-flight.md) | a thread reads what a copy is filling |
| [deadlock](deadlock.md) | nobody can go on |
| [swapped-xy](rejections.md#swapped-xy) | x and y are exchanged |
| [wrong-elements](rejections.md#wrong-elements) | elements are wrong |
"""


class Gallery(ToolTest):
    def setUp(self) -> None:
        super().setUp()
        self.write("docs/findings/README.md", NAMES)
        self.write("solutions/03_ring/kernel.cu", SOLUTION)
        self.bug("early", "read-in-flight or deadlock; on a GPU: timeout or wrong-elements", "  wait(parity);\n", "")

    def bug(self, name: str, caught: str, old: str, new: str) -> None:
        assert old in SOLUTION
        source = f"// bug: what {name} is\n// caught by: {caught}\n{SOLUTION.replace(old, new)}"
        self.write(f"chapters/03_ring/bugs/{name}.cu", source)

    def gallery(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.run_tool("gallery.py", "--root", ".", *options)

    def page(self) -> str:
        self.assert_passes(self.gallery())
        return (self.folder / "docs/bug-gallery.md").read_text(encoding="utf-8")

    def test_a_bug_is_shown_with_symptom_cause_finding_and_fix(self) -> None:
        self.assertIn(
            "### 03 early\n\n"
            "* **On a GPU:** it hangs or a wrong output (`timeout`, `wrong-elements`)\n"
            "* **On the emulator:** [read-in-flight](findings/read-in-flight.md), a thread reads what a copy is "
            "filling; or [deadlock](findings/deadlock.md), nobody can go on\n"
            "* **Cause:** what early is\n"
            "* **Fix,** at [line 5](../chapters/03_ring/bugs/early.cu#L5):\n\n"
            "```diff\n void f() {\n+  wait(parity);\n   int x = tile[slot];\n   use(x);\n```\n",
            self.page(),
        )

    def test_a_bug_stands_under_each_of_its_symptoms_and_no_other(self) -> None:
        self.bug("quiet", "deadlock; a GPU may not notice", "use(x)", "use(y)")
        self.bug("swapped", "swapped-xy", "use(x)", "use(y)")
        heads = self.page().split("## Chapter")[0].split("### A GPU shows: ")[1:]
        shown = {head.partition("\n")[0]: head for head in heads}
        self.assertEqual(list(shown), ["it hangs", "a wrong output", "nothing, or not each time"])
        links = {name: f"[03 {name}](#03-{name})" for name in ("early", "quiet", "swapped")}
        self.assertEqual([links["early"] in shown[symptom] for symptom in shown], [True, True, False])
        self.assertEqual([links["quiet"] in shown[symptom] for symptom in shown], [False, False, True])
        self.assertEqual([links["swapped"] in shown[symptom] for symptom in shown], [False, True, False])
        row = "| [swapped-xy](findings/rejections.md#swapped-xy) | x and y are exchanged | [03 swapped](#03-swapped) |"
        self.assertIn(row, shown["a wrong output"])

    def test_changes_that_are_far_apart_have_dots_between_them(self) -> None:
        self.bug("twice", "swapped-xy", SOLUTION, SOLUTION.replace("f()", "g()").replace("  c();\n", ""))
        page = self.page()
        file = "../chapters/03_ring/bugs/twice.cu"
        self.assertIn(f"* **Fix,** at [line 3]({file}#L3), [line 12]({file}#L12):", page)
        before = "-void g() {\n+void f() {\n   wait(parity);\n   int x = tile[slot];\n"
        after = "   a();\n   b();\n+  c();\n }\n"
        self.assertIn(f"{before} ...\n{after}", page)

    def test_a_page_that_follows_its_bugs_passes_and_any_other_does_not(self) -> None:
        self.assert_refuses(self.gallery("--check"), "docs/bug-gallery.md is not what the bugs give")
        page = self.page()
        self.assert_passes(self.gallery("--check"))
        self.bug("early", "deadlock; on a GPU: timeout", "  wait(parity);\n", "")
        self.assert_refuses(self.gallery("--check"), "run python3 common/cmake/gallery.py --root . and commit")
        self.assertEqual((self.folder / "docs/bug-gallery.md").read_text(encoding="utf-8"), page)

    def test_what_cannot_be_shown_is_named(self) -> None:
        self.bug("odd", "never-heard-of", "use(x)", "use(y)")
        self.assert_refuses(self.gallery(), "docs/findings/README.md has no row for never-heard-of")
        self.write("chapters/03_ring/bugs/odd.cu", SOLUTION)
        self.assert_refuses(self.gallery(), "chapters/03_ring/bugs/odd.cu:1: a bug file begins with two lines")
        self.bug("odd", "deadlock", "use(x)", "use(y)")
        self.assert_refuses(self.gallery(), "chapters/03_ring/bugs/odd.cu:2: a GPU does not say deadlock")
        self.bug("odd", "swapped-xy", "use(x)", "use(y)")
        (self.folder / "solutions/03_ring/kernel.cu").unlink()
        self.assert_refuses(self.gallery(), "solutions/03_ring/kernel.cu cannot be read")

    def test_a_folder_without_bugs_is_refused(self) -> None:
        (self.folder / "chapters/03_ring/bugs/early.cu").unlink()
        self.assert_refuses(self.gallery(), "has no chapters/*/bugs/*.cu")
