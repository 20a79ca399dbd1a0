"""Authlib in a Flask site, as its documentation shows it. The site is asked by Flask's own test client, which keeps its
cookies as the citizen's browser would."""

import os
from urllib.parse import parse_qsl, urlsplit

# The provider of the tests is on this machine, without TLS.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_client import OAuth  # noqa: E402
from flask import Flask, jsonify, request  # noqa: E402

from protocol import say, settings, sign_in, sign_out  # noqa: E402

app = Flask(__name__)
app.secret_key = os.urandom(32)
app.config["PROPAGATE_EXCEPTIONS"] = True
oauth = OAuth(app)
heteronym = oauth.register(
    "heteronym",
    client_id=settings["client_id"],
    client_secret=settings.get("client_secret"),
    server_metadata_url=settings["issuer"] + "/.well-known/openid-configuration",
    client_kwargs={
        "scope": settings["scope"],
        "code_challenge_method": "S256",
        "token_endpoint_auth_method": settings["auth_method"],
    },
)
kept = {}


@app.get("/login")
def login():
    further = {"response_mode": settings["response_mode"]} if settings.get("response_mode") else {}
    return heteronym.authorize_redirect(settings["redirect_uri"], **further)


@app.route("/callback", methods=["GET", "POST"])
def callback():
    token = heteronym.authorize_access_token()
    kept["token"] = token
    return jsonify(id_token=token["userinfo"], userinfo=heteronym.userinfo(token=token), scope=token["scope"])


@app.get("/refresh")
def refresh():
    before = kept["token"]
    token = heteronym.fetch_access_token(grant_type="refresh_token", refresh_token=before["refresh_token"])
    kept["token"] = token
    # A refreshed token has no nonce (OpenID Connect Core §12.2).
    return jsonify(
        refreshed={
            "id_token": heteronym.parse_id_token(token, nonce=None),
            "userinfo": heteronym.userinfo(token=token),
        },
        rotated=token["refresh_token"] != before["refresh_token"],
    )


@app.get("/logout")
def logout():
    return heteronym.logout_redirect(settings["post_logout_redirect_uri"], id_token_hint=kept["token"]["id_token"])


@app.get("/bye")
def bye():
    heteronym.validate_logout_response()
    userinfo = heteronym.get(heteronym.server_metadata["userinfo_endpoint"], token=kept["token"])
    return jsonify(state_survived=True, userinfo_status_afterwards=userinfo.status_code)


browser = app.test_client()


def answered(response):
    if response.status_code != 200:
        raise RuntimeError(f"{response.status_code}: {response.text}")
    return response.get_json()


def query(address):
    return dict(parse_qsl(urlsplit(address).query))


def come_back(address, form):
    if form is not None:
        return answered(browser.post("/callback", data=form))
    return answered(browser.get("/callback", query_string=query(address)))


url = browser.get("/login").location
told = sign_in(url, come_back)
told |= answered(browser.get("/refresh"))
ended = sign_out(browser.get("/logout").location)
told |= answered(browser.get("/bye", query_string=query(ended)))
say({"done": told | {"nonce": query(url)["nonce"]}})
