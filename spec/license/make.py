"""The vectors of licenses and segment digests: one defect each, always the same bytes.

Imports nothing from ``src``. ``python -m spec.license.make`` writes ``vectors/``
anew, with ``--check`` it compares. The form is that of ``spec/vector.py``.
"""

from pathlib import Path

from spec.license.digests import digests
from spec.license.licenses import licenses
from spec.license.moved import moved
from spec.license.requests import requests
from spec.vector import main

if __name__ == "__main__":
    main(licenses() | moved() | requests() | digests(), Path(__file__).parent / "vectors")
