"""The object store on S3 or anything that speaks its protocol.

A store can be away, refuse one object (frozen, locked, in another region, under a key that is disabled; a missing one
looks like a forbidden one to whoever may not list), or refuse us altogether. The answer alone does not tell which, so
every error brings a probe along: the same operation on an object that Brevity writes itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import boto3
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from brevity.common.errors import BrevityError, Fatal, Rejected, Unavailable
from brevity.common.settings import S3Settings

_MISSING = {"404", "NoSuchKey", "NotFound"}
_CHUNK = 1 << 20
_TRANSFER = TransferConfig(multipart_threshold=16 << 20, multipart_chunksize=16 << 20, max_concurrency=4)
"""How files travel: in parts, each tried again by itself. A part is read from the file as it is sent."""
_REFUSED = {
    "AccessDenied",
    "403",
    "Forbidden",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "UnrecognizedClientException",
    "AccountProblem",
}
_BUSY = {
    "SlowDown",
    "503",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "RequestLimitExceeded",
    "429",
}
_PROBE_KEY = "platform/probe"
_PROBE_BYTES = b"Written by Brevity to tell an outage from an object that is refused.\n"


class S3ObjectStore:
    """`ObjectStore` through boto3; the bucket is made at `ensure_bucket` if it is not there."""

    def __init__(self, settings: S3Settings) -> None:
        self.bucket = settings.bucket
        self._region = settings.region
        key, secret = settings.access_key_id, settings.secret_access_key
        self._client: Any = boto3.client(  # pyright: ignore[reportUnknownMemberType]
            "s3",
            endpoint_url=settings.endpoint_url,
            region_name=settings.region,
            aws_access_key_id=key.get_secret_value() if key else None,
            aws_secret_access_key=secret.get_secret_value() if secret else None,
            config=Config(
                connect_timeout=settings.timeout_seconds,
                read_timeout=settings.timeout_seconds,
                retries={"total_max_attempts": 2, "mode": "standard"},
                max_pool_connections=32,
                s3={"addressing_style": "path"} if settings.endpoint_url else {},
            ),
        )

    def ensure_bucket(self) -> None:
        """Make the bucket unless it exists. Raises Fatal when the store refuses us, Unavailable."""
        with _translated(self.bucket, "create", _ours):
            try:
                self._client.head_bucket(Bucket=self.bucket)
            except ClientError as error:
                if _code(error) not in _MISSING:
                    raise
                outside = (
                    {}
                    if self._region == "us-east-1"
                    else {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
                )
                try:
                    self._client.create_bucket(Bucket=self.bucket, **outside)
                except ClientError as race:
                    if _code(race) not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                        raise

    def put(self, key: str, data: bytes, *, content_type: str = "application/octet-stream") -> None:
        with _translated(key, "write", _doubtful(self._probe_writing)):
            self._client.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=content_type)

    def get(self, key: str, *, max_bytes: int, bucket: str | None = None) -> bytes:
        return b"".join(self._chunks(key, max_bytes, bucket))

    def put_file(self, key: str, path: Path, *, content_type: str = "application/octet-stream") -> None:
        with _translated(key, "write", _doubtful(self._probe_writing)):
            self._client.upload_file(
                str(path), self.bucket, key, ExtraArgs={"ContentType": content_type}, Config=_TRANSFER
            )

    def fetch(self, key: str, file: IO[bytes], *, max_bytes: int, bucket: str | None = None) -> str:
        digest = hashlib.sha256()
        for chunk in self._chunks(key, max_bytes, bucket):
            digest.update(chunk)
            file.write(chunk)
        return digest.hexdigest()

    def _chunks(self, key: str, max_bytes: int, bucket: str | None) -> Generator[bytes]:
        """The object's bytes, all of them or an error: no more than `max_bytes`, no fewer than the store announced."""
        with _translated(key, "read", _doubtful(self._probe_reading)):
            answer = self._client.get_object(Bucket=bucket or self.bucket, Key=key)
            # Not `with answer["Body"]`: that gives what is below it, which takes a cut connection for the end.
            with closing(answer["Body"]) as body:
                if int(answer.get("ContentLength", 0)) > max_bytes:
                    raise _too_large(key, max_bytes)
                read = 0
                while chunk := body.read(_CHUNK):
                    read += len(chunk)
                    if read > max_bytes:  # whatever was announced
                        raise _too_large(key, max_bytes)
                    yield chunk

    def delete(self, key: str) -> None:
        with _translated(key, "delete", _doubtful(self._probe_writing)):
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def keys(self, prefix: str) -> list[str]:
        """Every key that begins with `prefix`, in order."""
        with _translated(prefix, "list", _doubtful(self._probe_reading)):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return sorted(str(item["Key"]) for page in pages for item in page.get("Contents", ()))

    def ping(self) -> None:
        with _translated(self.bucket, "reach", _doubtful(None)):
            self._client.head_bucket(Bucket=self.bucket)

    def _probe_reading(self) -> None:
        """Raises Unavailable when the store does not give what is there, Fatal when it refuses us."""
        try:
            with _translated(_PROBE_KEY, "read", _ours):
                answer = self._client.get_object(Bucket=self.bucket, Key=_PROBE_KEY)
                with closing(answer["Body"]) as body:
                    body.read()
        except (
            Rejected,
            Fatal,
        ):  # it was never written, or somebody has removed it: without a right to list, forbidden
            self._probe_writing()
            with _translated(_PROBE_KEY, "read", _ours):
                self._client.get_object(Bucket=self.bucket, Key=_PROBE_KEY)["Body"].close()

    def _probe_writing(self) -> None:
        """Raises Unavailable when the store takes nothing, Fatal when it refuses us."""
        with _translated(_PROBE_KEY, "write", _ours):
            self._client.put_object(Bucket=self.bucket, Key=_PROBE_KEY, Body=_PROBE_BYTES)


_Failed = Callable[[str, str, BaseException | None], BrevityError]


def _code(error: ClientError) -> str:
    details: Any = error.response.get("Error", {})
    return str(details.get("Code", ""))


def _too_large(key: str, max_bytes: int) -> Rejected:
    return Rejected(
        f"object {key!r} is over the limit of {max_bytes:,} bytes",
        code="too_large",
        remedy="Split the document, or raise BREVITY_INGEST_MAX_BYTES.",
    )


@contextmanager
def _translated(key: str, doing: str, failed: _Failed) -> Generator[None]:
    try:
        yield
    except ClientError as error:
        raise failed(key, doing, error) from error
    except S3UploadFailedError as error:  # boto3 puts it around what went wrong
        raise failed(key, doing, error.__context__) from error
    except BotoCoreError as error:
        raise failed(key, doing, error) from error


def _doubtful(probe: Callable[[], None] | None) -> _Failed:
    """Errors of an operation on somebody's object."""

    def failed(key: str, doing: str, error: BaseException | None) -> BrevityError:
        code = _code(error) if isinstance(error, ClientError) else type(error).__name__
        if code in _MISSING and doing == "read":
            return Rejected(
                f"object {key!r} does not exist",
                code="object_missing",
                remedy="Write the object first, then submit its reference.",
            )
        if code in _REFUSED:
            return Unavailable(
                f"the object store refuses to {doing} {key!r}: {code}",
                code="object_store_refused",
                remedy="Check that the object is there, and that BREVITY_S3_ACCESS_KEY_ID may read and write it.",
                probe=probe,
            )
        return Unavailable(
            f"the object store cannot {doing} {key!r}: {code}",
            code="object_store_busy" if code in _BUSY else "object_store",
            probe=probe,
            busy=code in _BUSY,
        )

    return failed


def _ours(key: str, doing: str, error: BaseException | None) -> BrevityError:
    """The error of an operation on our own bucket or probe: a refusal there is no document's."""
    failed = _doubtful(None)(key, doing, error)
    if failed.code == "object_store_refused":
        return Fatal(
            failed.message,
            code=failed.code,
            remedy="Check BREVITY_S3_ACCESS_KEY_ID, its secret and the bucket's policy.",
        )
    return failed
