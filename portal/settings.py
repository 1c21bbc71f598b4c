"""Settings, all from the environment. `portal.environment` reads and names what is wrong."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from portal import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = env.folder("STATE_DIR", BASE_DIR / ".state")

DEMO = env.flag("DEMO", default=False)
DEMO_HOLDS_URL = env.text("GATEHOUSE_DEMO_HOLDS_URL", "")
DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY", STATE_DIR)
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS") or [env.fernet_key(STATE_DIR)]
# Read by the workers that seal, when they first do; the web process never does.
AUDIT_SIGNING_KEYS = env.signing_keys("AUDIT_SIGNING_KEYS", STATE_DIR)
AUDIT_SEAL_FILE = env.text("AUDIT_SEAL_FILE", "")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or ["127.0.0.1", "localhost", "[::1]"]
BASE_URL = env.url("BASE_URL", "http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = [BASE_URL]

INSTALLED_APPS = [
    "accounts",
    "policies",
    "portal",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "django_htmx",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "portal.middleware.CorrelationMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.page",
            ],
        },
    }
]

DATABASES = {"default": env.database("DATABASE_URL", STATE_DIR / "gatehouse.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": env.cache("CACHE_URL")}

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "portal.signin.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = str
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_PREVENT_ENUMERATION = True
# Who asks for a link without having an account here is told nothing, by mail neither.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
# Addresses come from HR alone: allauth's own list of addresses stays empty, so that nobody
# can be reached through an address that was somebody's once.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_SESSION_REMEMBER = True

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

SECURE = BASE_URL.startswith("https://")
SECURE_SSL_REDIRECT = SECURE
# Whoever watches the process asks it directly, beside the reverse proxy.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
# Behind a reverse proxy that we name, its word on the scheme counts; nobody else's does.
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.words("TRUSTED_PROXIES") else None
)
# Sign-in is limited by the client's address, which behind a proxy only the proxy knows.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.words("TRUSTED_PROXIES") else 0
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Gatehouse <gatehouse@localhost>")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.api.problems.handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Gatehouse API",
    "DESCRIPTION": "Joiners, movers, leavers, and what became of them.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# How the workers are woken and paced. Seconds; looks, windows and back-offs are × PACE.
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", "filesystem://")
CELERY_BROKER_FOLDER = env.folder("CELERY_BROKER_FOLDER", STATE_DIR / "broker")
PACE = env.decimal("PACE", 1.0)
# Seconds after a write during which a contrary look proves nothing: (giving, ending).
WINDOW_SECONDS = {
    "portfolio_principals": (180.0, 600.0),
    "principal_policy": (60.0, 60.0),
    "cluster_auth_map": (10.0, 10.0),
    "job_runs": (60.0, 60.0),
    "role_trust": (120.0, 120.0),
    "bucket_policy": (60.0, 60.0),
    "studio_sessions": (60.0, 60.0),
    "cluster_access_entries": (60.0, 60.0),
    "pod_identities": (60.0, 60.0),
    "kms_grants": (300.0, 300.0),  # “usually within five minutes”: KMS guide, grants
    "domain_roles": (30.0, 30.0),
    "instance_profiles": (30.0, 30.0),
    "instance_profile_users": (60.0, 60.0),
}
AWS_CONNECT_TIMEOUT_SECONDS = env.number("AWS_CONNECT_TIMEOUT_SECONDS", 3)
AWS_READ_TIMEOUT_SECONDS = env.number("AWS_READ_TIMEOUT_SECONDS", 10)
AWS_TRIES = 2
PASS_DEADLINE_SECONDS = env.number("PASS_DEADLINE_SECONDS", 20)
TASK_LIMIT_SECONDS = env.number("TASK_LIMIT_SECONDS", 60)
LEASE_SECONDS = env.number("LEASE_SECONDS", 75)
# After how long unfinished access is told to whoever owns what it gives.
INCOMPLETE_HOURS = env.number("INCOMPLETE_HOURS", 24)
# How long a target at rest goes without being read: others change things, too.
SCAN_SECONDS = env.number("SCAN_SECONDS", 3600)
# Calls a second (reads/writes), per account and service, all workers together; ÷ PACE.
AWS_RATES = env.rates(
    "AWS_RATES", "*=20/5, servicecatalog=10/5, cloudtrail=2/1, sts=50/50, kubernetes=20/10"
)
KUBECONFIG_FOLDER = env.text("KUBECONFIG_FOLDER", "")
# Servers besides AWS and clusters that workers may speak to: Databricks workspaces, domains of
# OpenSearch. Their tokens lie in files of SECRETS_FOLDER, named as the catalogue refers to them.
OUTSIDE_HOSTS = env.words("OUTSIDE_HOSTS")
SECRETS_FOLDER = env.text("SECRETS_FOLDER", "")
# Account number and region of the workers' own credentials are read from AWS, never set here.
AWS_ENDPOINT_URL = env.text("AWS_ENDPOINT_URL", "")

# Who shows it as a bearer token reads /metrics; empty: nobody does.
METRICS_TOKEN = env.text("METRICS_TOKEN", "")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "portal.logs.JsonFormatter"},
        "as_it_is": {"format": "%(message)s"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json"},
        "stdout": {
            "class": "logging.StreamHandler",
            "formatter": "as_it_is",
            "stream": "ext://sys.stdout",
        },
    },
    "loggers": {
        # “Sent” and “received” each second say nothing; `celery.app.trace` tells what became of it.
        **{name: {"level": "WARNING"} for name in ("celery.beat", "celery.worker.strategy")},
        # A copy of every seal of the record, one line each (docs/audit.md).
        "accounts.seals.printed": {"handlers": ["stdout"], "level": "INFO", "propagate": False},
    },
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "WARNING")},
}

env.complain()
