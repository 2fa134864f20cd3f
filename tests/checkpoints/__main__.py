"""``python -m tests.checkpoints KIND FOLDER``."""

import sys
from pathlib import Path

from tests.checkpoints import build

print(build(sys.argv[1], Path(sys.argv[2])))  # type: ignore[arg-type]
