"""The vectors of envelopes, security files and manifests: one defect each, always the same bytes.

Imports nothing from ``src``. ``python -m spec.credential.make`` writes ``vectors/``
anew, with ``--check`` it compares. The form is that of ``spec/vector.py``; what a
reader is given is told in SPEC.md, 8.
"""

from pathlib import Path

from spec.credential.envelopes import envelopes
from spec.credential.manifests import manifests
from spec.credential.security_files import security_files
from spec.vector import main

if __name__ == "__main__":
    main(envelopes() | security_files() | manifests(), Path(__file__).parent / "vectors")
