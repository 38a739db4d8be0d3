"""The expression world is shared by the tests of this folder, which has no package of its own."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
