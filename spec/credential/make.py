"""The vectors of everything in the credential document: one defect each, always the same bytes.

Imports nothing from ``src``. ``python -m spec.credential.make`` writes ``vectors/``
anew, with ``--check`` it compares. The form is that of ``spec/vector.py``.
"""

from pathlib import Path

from spec.credential.certificates import certificates, challenges
from spec.credential.envelopes import envelopes
from spec.credential.manifests import manifests
from spec.credential.revocations import revocations
from spec.credential.security_files import security_files
from spec.credential.stamps import stamps
from spec.vector import main

MAKERS = (envelopes, security_files, manifests, certificates, challenges, revocations, stamps)

if __name__ == "__main__":
    made = {name: data for maker in MAKERS for name, data in maker().items()}
    main(made, Path(__file__).parent / "vectors")
