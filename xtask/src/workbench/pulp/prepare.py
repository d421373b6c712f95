# What `pulpcore-manager` does before Pulp's first start, in one process instead of three: each spends seconds on imports.
import os
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

home = Path(os.environ["WORKBENCH_HOME"])
key = ec.generate_private_key(ec.SECP256R1())
pem = serialization.Encoding.PEM
private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
public = serialization.PublicFormat.SubjectPublicKeyInfo
home.joinpath("token.key").write_bytes(key.private_bytes(pem, *private))
home.joinpath("token.pub").write_bytes(key.public_key().public_bytes(pem, public))
# As long as it has to be, and nothing that it protects is a secret.
home.joinpath("database.key").write_text("A" * 43 + "=")

import django
from django.core.management import call_command

django.setup()
call_command("migrate", interactive=False, verbosity=1, skip_checks=True)
call_command("reset-admin-password", password=sys.argv[1])
