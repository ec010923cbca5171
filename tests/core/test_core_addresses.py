"""Addresses are shown without what opens them."""

from __future__ import annotations

import pytest

from natocc.core.addresses import shown_address, without_credentials
from natocc.core.errors import BadDataError, Reason, UsageError

SECRETS = ("s3cret", "p@ss", "SE/CR+ET=", "a:b", "12345", "p?q#r", "%40%2f", "two words")


@pytest.mark.parametrize("scheme", ["s3", "gs", "sftp", "ftp", "https", "memory"])
@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("rest", ["bucket", "bucket/folder", "host:22/a/b", "host/x?y=1"])
def test_no_credential_is_shown(scheme: str, secret: str, rest: str) -> None:
    address = f"{scheme}://KEY:{secret}@{rest}"
    shown = shown_address(address)
    assert secret not in shown
    assert "KEY" not in shown
    assert shown.startswith(f"{scheme}://***@{rest.partition('/')[0]}")
    assert secret not in shown_address(address.replace("://", ":/"))  # as a path it loses a slash
    said = without_credentials(f"cannot open {address} (403): user KEY, secret {secret}", address)
    assert secret not in said


@pytest.mark.parametrize("address", ["s3://KEY:SECRET", "https://token@host/x", "s3://TOKEN@bucket", "gs://b/x?token=SECRET"])
def test_what_may_be_a_credential_is_not_shown(address: str) -> None:
    for word in ("SECRET", "token@", "TOKEN"):
        assert word not in shown_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "s3://bucket/folder",
        "sftp://me@host:22/a@b",
        "sftp://host:22/a@b",
        "sftp://[::1]:22/x",
        "out/demo",
        "/a/b@c",
        "package:a/b",
        "",
    ],
)
def test_other_addresses_stay(address: str) -> None:
    assert shown_address(address) == address
    assert without_credentials(f"see {address}.", address) == f"see {address}."


def test_no_error_shows_credentials() -> None:
    """Whoever raised it, and however its path lost a slash."""
    for address in ("s3://KEY:SECRET@bucket/x", "s3:/KEY:SECRET@bucket/x"):
        errors = (
            UsageError(f"no folder {address}; expected a folder", address),
            BadDataError(Reason.MISSING_FILE, f"no file {address}"),
        )
        for error in errors:
            assert "SECRET" not in str(error)
            assert "bucket" in str(error)
