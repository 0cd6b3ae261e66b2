"""The site's own settings, read in an environment that suits tests: a folder that is thrown away, plain HTTP, no broker."""

import atexit
import os
import shutil
import tempfile

if "DIGITRE_VAR_DIR" not in os.environ:
    os.environ["DIGITRE_VAR_DIR"] = tempfile.mkdtemp(prefix="digitre-test-")
    atexit.register(shutil.rmtree, os.environ["DIGITRE_VAR_DIR"], ignore_errors=True)
os.environ |= {
    "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 3,
    "DEBUG": "off",
    "DIGITRE_INSECURE_HTTP": "on",
    "REDIS_URL": "",
}

from digitre_site.settings import *  # noqa: F403  the same settings, not a second set

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one is slow on purpose
