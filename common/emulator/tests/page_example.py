"""The example of a findings page: cuts it out, and checks that it prints the message that the page quotes.

    page_example.py cut docs/findings/data-race.md build/.../kernel.cu
    page_example.py check docs/findings/data-race.md build/.../program
    page_example.py quote docs/findings/data-race.md build/.../program     puts what is printed into the page
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def block(page: Path, language: str) -> str:
    """The page's one fenced block in this language."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    if not blocks:
        sys.exit(f"{page} has no ```{language} block: a findings page shows an example and the message that it gives.")
    return str(blocks[0])


def main() -> None:
    verb, page, other = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if verb == "cut":
        other.write_text(block(page, "cpp"), encoding="utf-8")
        return
    # Run beside kernel.cu, so that messages name it as the page does.
    said = subprocess.run([other], cwd=other.parent, capture_output=True, text=True, timeout=120, check=True).stdout
    quoted = block(page, "text")
    if verb == "quote":
        page.write_text(page.read_text(encoding="utf-8").replace(quoted, said), encoding="utf-8")
    elif said != quoted:
        sys.exit(f"{page} quotes\n\n{quoted}\nand its example prints\n\n{said}")


if __name__ == "__main__":
    main()
