"""What a client and the test that started it say to each other: one JSON object a line.

`tests/it/real_clients/script.rs` is the other end.
"""

import json
import sys


def _heard():
    line = sys.stdin.readline()
    if not line:
        raise EOFError("the test has ended")
    return json.loads(line)


def say(message):
    print(json.dumps(message), flush=True)


def _ask(message):
    say(message)
    return _heard()


# The first line: where the provider is, and what the client is registered with.
settings = _heard()


def sign_in(url, take):
    """Sends the browser to `url`; `take` gets the address and form that come back, until there is one that it believes."""
    answer = _ask({"authorize": url})
    while True:
        try:
            return take(answer["callback"], answer.get("form"))
        except Exception as error:
            if answer["genuine"]:
                raise
            refused = f"{type(error).__name__} {error}"
        answer = _ask({"refused": refused})


def sign_out(url):
    """Sends the browser to the end-session endpoint; gives the address at which it ends."""
    return _ask({"end_session": url})["ended"]
