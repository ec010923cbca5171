"""Addresses are shown without what opens them."""

from __future__ import annotations

import pytest

from natocc.core.addresses import has_credentials, shown_address, without_credentials
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
    for said in (f"cannot open {address} (403)", f"no file '{address}'; expected one"):
        assert secret not in without_credentials(said)
        assert "KEY" not in without_credentials(said)
        assert has_credentials(said)
    assert has_credentials(address)


@pytest.mark.parametrize("address", [
    "s3://KEY:SECRET", "s3://KEY:SECRET@", "https://SECRET@host/x", "S3://SECRET@bucket", "gs://b/x?token=SECRET",
    "https://b/x?a=1&X-Amz-Signature=SECRET", "https://b/x;AWSAccessKeyId=SECRET?lang=en", "https://b/x#access_token=SECRET",
    "s3://KEY%3ASECRET@bucket", "sftp://me%3ASECRET@host/x", "s3://SECRET%40bucket/x", "https://b/x%3Ftoken%3DSECRET",
    "sftp://me@SECRET@host", "sftp://me:SE@SECRET@host/x", "https://a@SECRET@host", "sftp://me:SECRET@[::1]:22/x",
    "sftp://[SECRET:SECRET@host/x", "tcp://me:SECRET@head:8786", "s3://KEY:123456SECRET/x", "  s3://KEY:SECRET@bucket",
])  # fmt: skip
def test_what_may_be_a_credential_is_not_shown(address: str) -> None:
    assert has_credentials(address)
    assert "SECRET" not in shown_address(address)
    for said in (address, f"cannot reach {address}: no", f"('{address}', 403)"):
        assert "SECRET" not in without_credentials(said), said


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
        "tcp://head:8786",
        "https://www.flickr.com/photos/12345678@N00/1",
        "https://creativecommons.org/licenses/by/4.0/legalcode.de",
        "",
    ],
)
def test_other_addresses_stay(address: str) -> None:
    assert shown_address(address) == address
    assert without_credentials(f"see {address}.") == f"see {address}."
    assert without_credentials(f"see '{address}', or me@host") == f"see '{address}', or me@host"
    assert not has_credentials(address)
    assert not has_credentials(f"see {address} or me@host")


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
