#!/usr/bin/env python3
"""One comment on a pull request, written once and updated by every later run.

    comment.py FILE NAME        FILE: its text in Markdown. NAME: which of several comments of this kind it is.

Reads GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN and PULL_REQUEST (its number) of the environment. A comment that
cannot be written is told and is no failure of the run: a pull request from a fork has a token that may only read.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

PER_PAGE = 100
PATIENCE_S = 30


def asked(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    """One request to the repository's API."""
    base = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    request = urllib.request.Request(
        f"{base}/repos/{os.environ['GITHUB_REPOSITORY']}{path}",
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def earlier(number: str, mark: str) -> int | None:
    """The comment of an earlier run, by the mark in its text."""
    page = 1
    while found := asked("GET", f"/issues/{number}/comments?per_page={PER_PAGE}&page={page}"):
        for one in found:
            if mark in (one.get("body") or ""):
                return int(one["id"])
        if len(found) < PER_PAGE:
            return None
        page += 1
    return None


def main() -> int:
    file, name = sys.argv[1:3]
    number, mark = os.environ["PULL_REQUEST"], f"<!-- hil: {name} -->"
    body = {"body": f"{mark}\n{Path(file).read_text(encoding='utf-8')}"}
    try:
        known = earlier(number, mark)
        if known is None:
            asked("POST", f"/issues/{number}/comments", body)
        else:
            asked("PATCH", f"/issues/comments/{known}", body)
    except (urllib.error.URLError, TimeoutError) as error:
        sys.stdout.write(f"::warning::no comment on pull request {number}: {error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
