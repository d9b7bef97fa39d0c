"""The start script on machines that are not there: a PATH of fakes, whose apt-get installs into a folder."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from lab.tests.fake import REAL_ROOT, write, write_program

_EVERYTHING = ("g++", "cmake", "ninja-build", "python3", "doctest-dev", "libbenchmark-dev", "libboost-context-dev")
_GXX = """here={installed}
case "$*" in *nostdlib*) test -e $here/libboost-context-dev; exit;; esac
echo "version {version}"
for pair in doctest:doctest-dev benchmark:libbenchmark-dev context:libboost-context-dev; do
  test -e $here/${{pair#*:}} || echo "missing ${{pair%%:*}}"
done"""


class Setup(unittest.TestCase):
    """`self.machine(...)` describes a machine, `self.lab(verb)` runs the start script on it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.path, self.installed = self.folder / "bin", self.folder / "installed"
        self.installed.mkdir()
        self.apt_log = self.folder / "apt.log"
        self.path.mkdir()
        for tool in ("sh", "env", "cat", "dirname", "readlink", "uname", "sed", "touch", "ln", "test"):
            (self.path / tool).symlink_to(str(shutil.which(tool)))
        self.offers(gxx="4:12.2.0-3", cmake="3.25.1")
        self.apt()
        self.user(0)

    def offers(self, gxx: str, cmake: str, more: tuple[str, ...] = ()) -> None:
        """What the machine's packages would bring: versions of g++ and cmake, and g++-N in `more`."""
        table = {"g++": gxx} | {name: f"{name[4:]}.1.0-1" for name in more}
        cases = "\n".join(f'"policy {name}") echo "  Candidate: {version}";;' for name, version in table.items())
        self.program("apt-cache", f'case "$*" in\n{cases}\nesac')
        major = gxx.partition(":")[2].partition(".")[0]
        self.packages = {"cmake": f"echo 'cmake version {cmake}'", "ninja-build": "", "python3": 'echo "python: $4"'}
        self.packages["g++"] = _GXX.format(installed=self.installed, version=major)
        for name in more:
            self.packages[name] = _GXX.format(installed=self.installed, version=name[4:])
        for name, script in self.packages.items():
            write_program(self.folder / "packages" / name.replace("ninja-build", "ninja"), script)

    def program(self, name: str, script: str) -> None:
        """Puts a program into the machine's PATH."""
        write_program(self.path / name, script)

    def apt(self, update: int = 0, install: int = 0) -> None:
        """An apt-get whose update and install end with these codes."""
        self.program(
            "apt-get",
            f"""echo "$DEBIAN_FRONTEND $*" >> {self.apt_log}
case "$*" in *update*) exit {update};; esac
test {install} = 0 || exit {install}
for word; do
  touch {self.installed}/$word 2>/dev/null
  name=$word; test $word != ninja-build || name=ninja
  test ! -e {self.folder}/packages/$name || ln -sf {self.folder}/packages/$name {self.path}/$name
done""",
        )

    def user(self, number: int, sudo: str | None = None) -> None:
        """Who calls, and what sudo does (None: there is none)."""
        self.program("id", f"echo {number}")
        if sudo:
            self.program("sudo", sudo)

    def has(self, *packages: str) -> None:
        """Installs packages before the script runs."""
        subprocess.run([self.path / "apt-get", *packages], check=False, env={"PATH": str(self.path)})
        self.apt_log.unlink()

    def lab(self, *words: str, **variables: str) -> tuple[int, str]:
        """Runs the start script; the fake python3 answers "python: " and the verb."""
        ended = subprocess.run(
            [self.path / "sh", REAL_ROOT / "lab", *words],
            env={"PATH": str(self.path), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=20,
        )
        return ended.returncode, ended.stdout

    def calls_of_apt(self) -> list[str]:
        return self.apt_log.read_text().splitlines() if self.apt_log.exists() else []

    def test_a_fresh_machine_gets_everything_and_then_the_verb(self) -> None:
        code, output = self.lab("run")
        self.assertEqual(code, 0, output)
        self.assertIn("lab: missing here: g++ 12 or newer, cmake 3.25 or newer, ninja, python3, doctest,", output)
        self.assertIn(f"lab: installing: {' '.join(_EVERYTHING)}\n", output)
        self.assertTrue(output.endswith("python: run\n"), output)
        update, install = self.calls_of_apt()
        self.assertEqual(update, "noninteractive -o DPkg::Lock::Timeout=120 update -qq")
        self.assertIn("noninteractive -o DPkg::Lock::Timeout=120 install -y -q --no-install-recommends g++ ", install)

    def test_where_everything_is_there_nothing_is_said_or_installed(self) -> None:
        self.has(*_EVERYTHING)
        self.assertEqual(self.lab("test"), (0, "python: test\n"))
        self.assertEqual(self.calls_of_apt(), [])

    def test_only_what_is_missing_is_installed(self) -> None:
        self.has(*(package for package in _EVERYTHING if package not in ("ninja-build", "libboost-context-dev")))
        code, output = self.lab("check", "1")
        self.assertEqual(code, 0, output)
        self.assertIn("lab: missing here: ninja, Boost.Context.\n", output)
        self.assertTrue(self.calls_of_apt()[1].endswith("recommends ninja-build libboost-context-dev"))

    def test_verbs_that_build_nothing_install_nothing(self) -> None:
        self.has("python3")
        for words in ((), ("progress",), ("doctor",), ("help",), ("frobnicate",), ("run", "--help")):
            self.assertEqual(self.lab(*words), (0, f"python: {words[0] if words else ''}\n"))
        self.assertEqual(self.calls_of_apt(), [])

    def test_without_python_they_say_what_installs_it(self) -> None:
        code, output = self.lab("progress")
        self.assertEqual(code, 1)
        self.assertIn("python3 (3.10 or newer) is missing: `./lab run` installs it", output)
        self.assertEqual(self.calls_of_apt(), [])

    def test_a_default_compiler_that_is_too_old_gets_a_newer_one_beside_it(self) -> None:
        self.offers(gxx="4:11.2.0-1ubuntu1", cmake="3.25.1", more=("g++-12",))
        self.program("python3", 'echo "$CXX $CUDAHOSTCXX"')
        self.has("g++", "cmake", "ninja-build", "doctest-dev", "libbenchmark-dev", "libboost-context-dev")
        code, output = self.lab("run")
        self.assertEqual(code, 0, output)
        self.assertIn("g++ 12 or newer (here: 11)", output)
        self.assertIn("lab: installing: g++-12", output)
        self.assertTrue(output.endswith("g++-12 g++-12\n"), output)

    def test_a_compiler_from_outside_is_taken_when_it_will_do(self) -> None:
        self.offers(gxx="4:12.2.0-3", cmake="3.25.1", more=("g++-13",))
        self.has(*_EVERYTHING, "g++-13")
        self.program("clang++", "echo 'version 0'")
        self.program("python3", 'echo "$CXX"')
        for wished, taken in (("g++-13", "g++-13"), ("clang++", "g++"), ("nonesuch", "g++")):
            self.assertEqual(self.lab("run", CXX=wished), (0, f"{taken}\n"))

    def test_a_cmake_that_stays_too_old_is_explained_with_both_versions(self) -> None:
        self.offers(gxx="4:12.2.0-3", cmake="3.22.1")
        code, output = self.lab("run")
        self.assertEqual(code, 1)
        self.assertIn(
            "this system's packages have cmake 3.22.1, and 3.25 or newer is needed: install a newer one", output
        )

    def test_a_cmake_of_the_next_major_version_is_new_enough(self) -> None:
        self.offers(gxx="4:12.2.0-3", cmake="4.0.2")
        self.has(*_EVERYTHING)
        self.assertEqual(self.lab("run"), (0, "python: run\n"))

    def test_without_rights_the_exact_command_is_printed(self) -> None:
        for sudo in (None, 'echo "sudo: a password is required" >&2; exit 1'):
            self.user(1000, sudo)
            code, output = self.lab("run")
            self.assertEqual(code, 1)
            command = "sudo apt-get update && sudo apt-get install -y --no-install-recommends"
            self.assertIn(f"\n  {command} {' '.join(_EVERYTHING)}\n", output)
            self.assertEqual(self.calls_of_apt(), [])

    def test_a_sudo_that_works_is_used(self) -> None:
        self.user(1000, f'echo "sudo $*" >> {self.folder}/sudo.log; test "$1" != -n || shift; "$@"')
        (self.path / "true").symlink_to(str(shutil.which("true")))
        code, output = self.lab("run")
        self.assertEqual(code, 0, output)
        self.assertIn("sudo env DEBIAN_FRONTEND=noninteractive apt-get", (self.folder / "sudo.log").read_text())

    def test_a_system_without_apt_is_told_what_is_needed(self) -> None:
        (self.path / "apt-get").unlink()
        code, output = self.lab("run")
        self.assertEqual(code, 1)
        self.assertIn("missing here: g++ 12 or newer, cmake 3.25 or newer, ninja, python3, doctest, ", output)
        self.assertIn("there is no apt-get on this system: install these with its package manager", output)

    def test_a_failed_update_is_said_and_a_failed_install_ends_it(self) -> None:
        self.apt(update=100)
        self.assertEqual(self.lab("run")[0], 0)
        self.assertIn("apt-get update failed; trying", self.lab_after_removing("ninja"))
        self.apt(install=100)
        self.assertIn("apt-get could not install them", self.lab_after_removing("ninja"))

    def lab_after_removing(self, tool: str) -> str:
        (self.path / tool).unlink()
        return self.lab("run")[1]

    def test_an_old_python_is_refused_with_both_versions(self) -> None:
        script = (REAL_ROOT / "lab").read_text().partition("exec python3 -c '")[2].partition("' \"$root")[0]
        ended = subprocess.run(
            ["python3", "-c", f"import sys; sys.version_info = (3, 8); exec({script!r})", "nowhere"],
            capture_output=True,
            text=True,
        )
        self.assertEqual(ended.returncode, 1)
        self.assertIn("lab: python3 is 3.8 here, and 3.10 or newer is needed", ended.stderr)

    def test_it_works_from_any_directory_and_through_a_link(self) -> None:
        self.has(*_EVERYTHING)
        self.program("python3", 'echo "$3"')
        link = self.folder / "link to lab"
        link.symlink_to(REAL_ROOT / "lab")
        write(self.folder / "lab.py", "raise SystemExit('the wrong lab')")
        ended = subprocess.run(
            [link, "list"], cwd=self.folder, env={"PATH": str(self.path)}, capture_output=True, text=True
        )
        self.assertEqual(ended.stdout, f"{REAL_ROOT}/common\n")
