"""Every address the portal answers.

Of allauth only what we offer: its pages that change addresses are left out, because
addresses are facts from HR.
"""

from allauth.account import views as allauth
from django.urls import URLPattern, URLResolver, include, path, re_path

from portal.admin import site
from portal.views import access, approvals, catalogue, demo, health, home, requests, team

KEY = r"^account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("access/<slug:ref>/", access.detail, name="access"),
    path("access/<slug:ref>/end/", access.end, name="access_end"),
    path("catalogue/", catalogue.listing, name="catalogue"),
    path("catalogue/packages/<slug:slug>/", catalogue.package, name="package"),
    path("catalogue/<slug:slug>/", catalogue.entitlement, name="entitlement"),
    path("requests/", requests.listing, name="requests"),
    path("requests/<slug:ref>/", requests.detail, name="request"),
    path("requests/<slug:ref>/answer/", requests.answer, name="request_answer"),
    path("requests/<slug:ref>/withdraw/", requests.withdraw, name="request_withdraw"),
    path("approvals/", approvals.listing, name="approvals"),
    path("approvals/<slug:ref>/", approvals.detail, name="approval"),
    path("approvals/<slug:ref>/<slug:verb>/", approvals.decide, name="approval_decide"),
    path("team/", team.team, name="team"),
    # Administration.
    path("admin/", site.urls),
    # The API.
    path("api/", include("portal.api.urls")),
    # Signing in.
    path("account/login/", allauth.login, name="account_login"),
    path("account/logout/", allauth.logout, name="account_logout"),
    path("account/inactive/", allauth.account_inactive, name="account_inactive"),
    path("account/signup/", allauth.signup, name="account_signup"),
    path("account/password/reset/", allauth.password_reset, name="account_reset_password"),
    path(
        "account/password/reset/done/",
        allauth.password_reset_done,
        name="account_reset_password_done",
    ),
    re_path(KEY, allauth.password_reset_from_key, name="account_reset_password_from_key"),
    path(
        "account/password/reset/key/done/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    # The demo: answers 404 unless settings.DEMO.
    path("demo/sign-in/<int:pk>/", demo.sign_in, name="demo_sign_in"),
    # Health.
    path("healthz", health.live, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.numbers, name="metrics"),
]
