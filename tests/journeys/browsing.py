"""A browser of few words for tests over real HTTP: cookies, forms, redirects; no script."""

import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
EFFECT = re.compile(r'name="(effect-\d+)" value="([^"]+)"')


class Browser:
    """One person's session at `url`. Certificates are this machine's own and not looked at."""

    def __init__(self, url: str) -> None:
        self.url = url
        anybody = ssl._create_unverified_context()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=anybody),
            urllib.request.HTTPCookieProcessor(CookieJar()),
        )
        self.headers: Any = {}
        self.at = ""

    def get(self, path: str, **headers: str) -> str:
        """The page's text. Raises urllib.error.HTTPError."""
        return self._ask(urllib.request.Request(self.url + path, headers=headers))

    def status(self, path: str, **headers: str) -> int:
        try:
            self.get(path, **headers)
        except urllib.error.HTTPError as error:
            return error.code
        return 200

    def post(self, path: str, page: str, **fields: Any) -> str:
        """Send a form whose token stands on `page`, and follow where that leads."""
        token = TOKEN.search(page)
        assert token, f"{page} has no form"
        body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token[1]}, doseq=True)
        headers = {"Referer": self.url + path}
        return self._ask(urllib.request.Request(self.url + path, body.encode(), headers))

    def sign_in(self, email: str, password: str) -> str:
        path = "/account/login/"
        return self.post(path, self.get(path), login=email, password=password)

    def _ask(self, request: urllib.request.Request) -> str:
        with self._opener.open(request, timeout=30) as answer:
            self.headers, self.at = answer.headers, answer.url
            return str(answer.read().decode())
