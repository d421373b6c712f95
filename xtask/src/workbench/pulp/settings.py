# Pulp as the workbench runs it: on loopback, with tokens as in production, without a cache.
import os

HOME = os.environ["WORKBENCH_HOME"]

SECRET_KEY = "nobody is kept out of a registry for tests"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["WORKBENCH_DATABASE_HOST"],
        "USER": "pulp",
        "NAME": os.environ["WORKBENCH_DATABASE"],
    }
}
DB_ENCRYPTION_KEY = f"{HOME}/database.key"
CACHE_ENABLED = False
ANALYTICS = False

DEPLOY_ROOT = HOME
MEDIA_ROOT = f"{HOME}/media"
STATIC_ROOT = f"{HOME}/static"
WORKING_DIRECTORY = f"{HOME}/work"
FILE_UPLOAD_TEMP_DIR = f"{HOME}/work"

# `pulp_container` wants the other one.
ENABLED_PLUGINS = ["pulp_file", "pulp_container"]
ALLOWED_HOSTS = ["*"]
CONTENT_ORIGIN = f"http://{os.environ['WORKBENCH_CONTENT']}"
TOKEN_SERVER = f"http://{os.environ['WORKBENCH_ADDRESS']}/token/"
TOKEN_SIGNATURE_ALGORITHM = "ES256"
PRIVATE_KEY_PATH = f"{HOME}/token.key"
PUBLIC_KEY_PATH = f"{HOME}/token.pub"
